import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Time as relayd sees it: the machine's, and what `pass` has added. */
export interface MovableClock {
  /** For DaemonOptions. */
  readonly environment: Readonly<Record<string, string>>;
  nowMs(): number;
  /** So much time passes at once; the daemons named feel it while they run. */
  pass(ms: number, ...pids: readonly number[]): void;
  close(): Promise<void>;
}

const preload = join(import.meta.dirname, 'movable-clock.ts');

export function makeClock(): MovableClock {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-clock-'));
  const file = join(directory, 'offset-ms');
  let offsetMs = 0;
  writeFileSync(file, '0');
  return {
    environment: { NODE_OPTIONS: `--import=${preload}`, TEST_CLOCK: file },
    nowMs: () => Date.now() + offsetMs,
    pass(ms, ...pids) {
      offsetMs += ms;
      // A reader sees the one or the other, never an empty file.
      writeFileSync(`${file}.new`, String(offsetMs));
      renameSync(`${file}.new`, file);
      for (const pid of pids) process.kill(pid, 'SIGUSR2');
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
