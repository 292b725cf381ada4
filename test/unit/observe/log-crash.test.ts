import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const lines = 5_000;

/** Writes many lines into a pipe and dies at once. */
const script = (end: string): string => `
  import { openLog } from '${import.meta.resolve('../../../src/observe/log.ts')}';
  const settings = { level: 'info', format: 'json', addresses: 'full' };
  const log = openLog({ settings, destination: 1, journal: false, nowMs: Date.now });
  for (let number = 0; number < ${lines}; number++) {
    log.sink({ is: 'queue.recovered', requeued: number, inDoubt: 0, quarantined: 0 });
    if (number % 1000 === 999) await new Promise(setImmediate);
  }
  log.sink({ is: 'daemon.failed', what: 'storage thread', detail: 'gone' });
  ${end}
`;

test.each([
  ['flush and exit', 'log.flush(); process.exit(70);', 70],
  ['exit alone', 'process.exit(70);', 70],
  ['an exception that nobody catches', 'throw new Error("bug");', 1],
])('no line is lost or cut by %s', async (_, end, code) => {
  const child = run(
    process.execPath,
    ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', script(end)],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const { stdout, code: exitCode } = await child.catch((error) => error);
  expect(exitCode).toBe(code);
  const written = stdout
    .trim()
    .split('\n')
    .map((line: string) => JSON.parse(line));
  const numbers = written.flatMap(({ requeued }: { requeued?: number }) => requeued ?? []);
  expect(numbers.toSorted((a: number, b: number) => a - b)).toEqual([...Array(lines).keys()]);
  // The last write and the one under way are two threads': usually, not always, in this order.
  expect(written).toContainEqual(
    expect.objectContaining({ event: 'daemon.failed', detail: 'gone' }),
  );
});
