import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './scene.ts';

/** The wall clock of a relay, which somebody sets while it runs; what only grows goes on growing. */
export interface JumpingClock {
  /** For the relay's start. */
  readonly environment: Readonly<Record<string, string>>;
  jump(ms: number): void;
}

export async function makeClock(): Promise<JumpingClock> {
  const file = join(await temporaryDirectory(), 'offset-ms');
  writeFileSync(file, '0'.padStart(20));
  const preload = join(import.meta.dirname, 'wall-clock.ts');
  return {
    environment: { NODE_OPTIONS: `--import=${preload}`, TEST_CLOCK: file },
    // Of one length, so that a reader sees the one or the other.
    jump: (ms) => writeFileSync(file, String(ms).padStart(20), { flag: 'r+' }),
  };
}
