import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueueStore } from '../../src/relay/ports.ts';
import { openRemoteStore } from '../../src/threads/remote-store.ts';
import { owner, T0 } from '../contract/fixtures.ts';
import { openInProcessStore } from '../contract/in-process-store.ts';
import { openMemoryStore } from '../contract/memory-store.ts';

/** A store that can end as a daemon ends, and what is left of it opened again. */
export interface LivingStore {
  readonly store: QueueStore;
  /** Its files as they are at this instant, opened again: what kill -9 leaves. */
  kill(): Promise<void>;
  /** Closed in order, and opened again. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

const clock = () => T0;

/** Nothing outlives the maps but themselves: a new run finds the leases of the one before. */
export async function memoryStore(): Promise<LivingStore> {
  const ended = async (): Promise<void> => {};
  return { store: openMemoryStore(clock), kill: ended, restart: ended, dispose: ended };
}

export const sqliteStore = (): Promise<LivingStore> =>
  onDisk(async (directory) => openInProcessStore({ directory, clock, report: () => {} }), 10);

export const threadStore = (): Promise<LivingStore> =>
  onDisk((directory) => {
    const onDeath = (error: Error): never => {
      throw error;
    };
    return openRemoteStore({ directory, emit: () => {}, onDeath });
  }, 200);

/** A file system in memory where there is one: nothing here is about what a disk promises. */
const room = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/**
 * Opening is dearer than many steps: only every so manieth end closes the files, the others are the
 * end of the leases alone.
 */
async function onDisk(
  open: (directory: string) => Promise<QueueStore>,
  everyNthEnd: number,
): Promise<LivingStore> {
  let directory = mkdtempSync(join(room, 'relayd-model-'));
  let store = await open(directory);
  let ends = 0;
  const remove = (path: string): void => rmSync(path, { recursive: true, force: true });
  const isReal = (): boolean => {
    ends += 1;
    return ends % everyNthEnd === 0;
  };
  return {
    get store() {
      return store;
    },
    async kill() {
      if (!isReal()) return;
      const [before, left] = [directory, mkdtempSync(join(room, 'relayd-model-'))];
      cpSync(before, left, { recursive: true });
      await store.close();
      remove(before);
      directory = left;
      store = await open(left);
    },
    async restart() {
      if (!isReal()) return;
      await store.close();
      store = await open(directory);
    },
    async dispose() {
      await store.close();
      remove(directory);
    },
  };
}

/** Opening is dearer than a whole run: the next one begins where nothing is left of the last. */
export async function empty({ store }: LivingStore): Promise<void> {
  const dotted = new Set<never>();
  const due = { nowMs: T0, inDoubtDueAtMs: T0, inDoubtHold: false };
  await store.recover({ owner: owner('between-runs', 'boot-0'), dotted, ...due });
  await store.act({ filter: {}, action: { is: 'remove' }, nowMs: T0 });
  await store.expireHistory(T0 + 1);
}
