import { createInterface } from 'node:readline/promises';

/** Asks yes or no; anything but yes is no, and so is the end of the input. Null: no terminal. */
export async function confirm(
  { stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'>,
  question: string,
): Promise<boolean | null> {
  if (!stdin.isTTY || !stderr.isTTY) return null;
  const asking = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<string>((resolve) => asking.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([asking.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
