import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './process-tree.ts';

const idleShare = 0.02;
const windowMs = 500;

/** Waits, a minute at most, until none of the servers uses more than 2 % of a core. */
export async function quiet(pids: readonly number[]): Promise<void> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  for (let round = 0; round < 120; round++) {
    const before = used();
    await sleep(windowMs);
    if (used() - before <= (idleShare * windowMs) / 1000) return;
  }
  throw new Error('the servers do not come to rest');
}
