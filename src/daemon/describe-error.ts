const stackFramesMax = 6;
const detailCharactersMax = 2_000;

/** Name, message and the first frames of the stack on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, detailCharactersMax);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const where = frames.slice(0, stackFramesMax).map((line) => line.trim());
  const cause = error.cause instanceof Error ? ` (cause: ${error.cause.message})` : '';
  return [`${error.name}: ${error.message}${cause}`, ...where]
    .join(' ')
    .slice(0, detailCharactersMax);
}
