import './quiet-wasm.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueueStore } from '../../src/relay/ports.ts';
import { openRemoteStore } from '../../src/threads/remote-store.ts';
import { T0 } from './fixtures.ts';
import { openInProcessStore } from './in-process-store.ts';
import { openMemoryStore } from './memory-store.ts';
import { type OpenStore, queueStoreContract } from './queue-store.ts';

const clock = () => T0;

queueStoreContract('in memory', async () => ({
  store: openMemoryStore(clock),
  reopen: null,
  dispose: async () => {},
}));

async function onDisk(open: (directory: string) => Promise<QueueStore>): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'relayd-store-'));
  let store = await open(directory);
  return {
    store,
    async reopen() {
      await store.close();
      store = await open(directory);
      return store;
    },
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

queueStoreContract('SQLite in process', () =>
  onDisk(async (directory) => openInProcessStore({ directory, clock, report: () => {} })),
);

queueStoreContract('SQLite in its thread', () =>
  onDisk((directory) =>
    openRemoteStore({
      directory,
      emit: () => {},
      onDeath: (error) => {
        throw error;
      },
    }),
  ),
);
