import { isOutside } from '../../src/queue/engine.ts';
import { type OpenQueueOptions, openQueue } from '../../src/queue/open-queue.ts';
import type { Operation } from '../../src/queue/operations.ts';
import { queueStoreOver } from '../../src/queue/store.ts';
import type { Ask } from '../../src/queue/stretches.ts';
import { type QueueStore, StoreError } from '../../src/relay/ports.ts';

interface Waiting {
  readonly operation: Operation;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** The SQLite queue on the caller's own thread: what is asked in one tick is one group commit. */
export function openInProcessStore(options: OpenQueueOptions): QueueStore {
  const { engine, close } = openQueue(options);
  let waiting: Waiting[] = [];
  let closed = false;

  const runAll = (): void => {
    const batch = waiting;
    waiting = [];
    const writes = batch.filter(({ operation }) => !isOutside(operation));
    const reads = batch.filter(({ operation }) => isOutside(operation));
    const results = writes.length === 0 ? [] : engine.write(writes.map((one) => one.operation));
    engine.settleDebts();
    results.push(...reads.map(({ operation }) => engine.outside(operation)));
    for (const [index, { resolve, reject }] of [...writes, ...reads].entries()) {
      const result = results[index];
      if (result?.ok) resolve(result.value as never);
      else reject(result?.error ?? new Error('no result'));
    }
  };

  const ask: Ask = (name, given) =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new StoreError('closed', 'the store is closed'));
      if (waiting.length === 0) queueMicrotask(runAll);
      waiting.push({ operation: [name, given] as unknown as Operation, resolve, reject });
    });

  return queueStoreOver(ask, async () => {
    if (closed) return;
    await new Promise((resolve) => setImmediate(resolve));
    closed = true;
    close();
  });
}
