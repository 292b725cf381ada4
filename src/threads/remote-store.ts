import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { assert } from '../lib/assert.ts';
import { entryFile } from '../lib/entry-file.ts';
import type { Ask } from '../queue/ask.ts';
import { QueueOpenError } from '../queue/open-error.ts';
import type { Operation } from '../queue/operations.ts';
import { queueStoreOver } from '../queue/store.ts';
import type { EventSink } from '../relay/events.ts';
import { type QueueStore, StoreError } from '../relay/ports.ts';
import { Gathering } from './gathering.ts';
import {
  decodeFailures,
  type FromThread,
  packBodies,
  type ToThread,
  WIRE_VERSION,
} from './wire.ts';

export interface RemoteStoreOptions {
  readonly directory: string;
  /** Gets store.committed, store.failed and queue.row-quarantined. */
  readonly emit: EventSink;
  /**
   * The thread is gone without having been closed: every open promise has been rejected as closed.
   */
  readonly onDeath: (error: Error) => void;
}

/** It leaves little garbage: three halves of 4 MiB, as V8 counts them (decision 008). */
const maxYoungGenerationSizeMb = 12;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Opens the queue of a directory on its own thread. Rejects with QueueOpenError when it cannot be
 * opened.
 */
export async function openRemoteStore(options: RemoteStoreOptions): Promise<QueueStore> {
  const { directory } = options;
  // The launcher's flag is for the main thread, which has read it; for others it would go above theirs.
  setFlagsFromString('--max-semi-space-size=0');
  const worker = new Worker(entryFile('threads/storage-thread'), {
    workerData: { directory },
    name: 'storage',
    resourceLimits: { maxYoungGenerationSizeMb },
  });
  await ready(worker, options.emit);
  return storeOn(worker, options);
}

/** What the thread finds while it opens the files is told before it is ready. */
function ready(worker: Worker, emit: EventSink): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (end: () => void): void => {
      worker.off('error', reject);
      worker.off('message', listen);
      end();
    };
    const listen = (message: FromThread): void => {
      if (message.is === 'notice') {
        report(message, emit);
      } else if (message.is === 'refused') {
        done(() => reject(new QueueOpenError(message.problem, message.message)));
      } else {
        const agreed = message.is === 'ready' && message.version === WIRE_VERSION;
        done(agreed ? resolve : () => reject(new Error('the storage thread is another version')));
      }
    };
    worker.on('error', reject);
    worker.on('message', listen);
  });
}

function storeOn(worker: Worker, { emit, onDeath }: RemoteStoreOptions): QueueStore {
  const pending = new Map<number, Pending>();
  let outgoing: Operation[] = [];
  let firstOutgoing = 0;
  let ended: StoreError | null = null;
  let closing: Promise<void> | null = null;

  const send = (): number => {
    const count = outgoing.length;
    if (count === 0 || ended !== null) return 0;
    const { operations, bodies } = packBodies(outgoing);
    const batch: ToThread = { is: 'batch', first: firstOutgoing, operations, bodies };
    worker.postMessage(batch, bodies === null ? [] : [bodies]);
    firstOutgoing += count;
    outgoing = [];
    return count;
  };
  const gathering = new Gathering(send);

  const ask: Ask = (name, given) =>
    new Promise((resolve, reject) => {
      if (ended !== null || closing !== null) {
        reject(ended ?? new StoreError('closed', 'the store is closed'));
        return;
      }
      const settle = { resolve: resolve as Pending['resolve'], reject };
      pending.set(firstOutgoing + outgoing.length, settle);
      outgoing.push([name, given] as unknown as Operation);
      gathering.asked(outgoing.length);
    });

  const end = (error: StoreError): void => {
    ended ??= error;
    for (const one of pending.values()) one.reject(ended);
    pending.clear();
    outgoing = [];
  };

  worker.on('message', (message: FromThread) => {
    if (ended !== null) return; // an answer that the news of the thread's death has overtaken
    if (message.is === 'answers') answer(pending, message, emit);
    else if (message.is === 'closed') end(new StoreError('closed', 'the store is closed'));
    else report(message, emit);
  });
  const died = (error: Error): void => {
    if (ended !== null) return;
    end(new StoreError('closed', `the storage thread died: ${error.message}`));
    onDeath(error);
  };
  worker.on('error', died);
  worker.on('exit', (code) => died(new Error(`it exited with code ${code}`)));

  const store = queueStoreOver(ask, () => {
    closing ??= new Promise((resolve) => {
      gathering.now();
      const last: ToThread = { is: 'close' };
      if (ended !== null) return resolve();
      worker.once('exit', () => resolve());
      worker.postMessage(last);
    });
    return closing;
  });
  return { ...store, body: async (id) => asBuffer(await store.body(id)) };
}

function answer(
  pending: Map<number, Pending>,
  { numbers, results, commitMs }: Extract<FromThread, { is: 'answers' }>,
  emit: EventSink,
): void {
  if (commitMs !== null) {
    emit({ is: 'store.committed', operations: numbers.length, tookMs: commitMs });
  }
  const failures = decodeFailures(results);
  const storage = [...failures.values()].find((error) => error instanceof StoreError);
  if (storage !== undefined) {
    emit({ is: 'store.failed', fault: storage.fault, detail: storage.message });
  }
  for (const [place, number] of numbers.entries()) {
    const one = pending.get(number);
    assert(one !== undefined, `an answer to operation ${number}, which was not asked`);
    pending.delete(number);
    const failure = failures.get(place);
    if (failure === undefined) one.resolve(results.values[place]);
    else one.reject(failure);
  }
}

function report(message: FromThread, emit: EventSink): void {
  if (message.is !== 'notice') return;
  const { notice } = message;
  if (notice.is === 'quarantined') {
    emit({ is: 'queue.row-quarantined', id: notice.id, detail: notice.detail });
  } else {
    emit({ is: 'store.failed', fault: notice.fault, detail: notice.detail });
  }
}

/** Structured cloning turns a Buffer into a plain Uint8Array. */
function asBuffer(body: Awaited<ReturnType<QueueStore['body']>>) {
  if (body?.in !== 'memory') return body;
  const { buffer, byteOffset, byteLength } = body.bytes;
  return { in: 'memory', bytes: Buffer.from(buffer, byteOffset, byteLength) } as const;
}
