/**
 * Runs of `work` never overlap. Who asks during a run gets the result of one more after it, shared
 * with all others who asked meanwhile: that one began after their question, so it sees what they
 * saw.
 */
export function oneAtATime<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | null = null;
  let next: Promise<Result> | null = null;
  const begin = (): Promise<Result> => {
    const current = work().finally(() => {
      running = null;
    });
    running = current;
    return current;
  };
  return () => {
    // A next run that is promised but not begun counts: `running` is already null for a moment
    // then.
    if (next !== null) return next;
    if (running === null) return begin();
    next = running.then(() => {
      next = null;
      return begin();
    });
    return next;
  };
}
