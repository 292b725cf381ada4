/* Started with the launcher's options: says how large the heaps of both threads may become. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { openRemoteStore } from '../../../src/threads/remote-store.ts';

const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));
const directory = mkdtempSync(join(tmpdir(), 'relayd-young-'));
const store = await openRemoteStore({
  directory,
  emit: () => {},
  onDeath: (error) => {
    throw error;
  },
});
const storage = await workers[0]?.getHeapStatistics();
const main = getHeapStatistics();
console.log(JSON.stringify([main.heap_size_limit, storage?.heap_size_limit]));
await store.close();
rmSync(directory, { recursive: true });
