import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import { assert } from '../lib/assert.ts';
import { giveBackMemory } from '../lib/give-back.ts';
import { type Engine, isOutside } from '../queue/engine.ts';
import { QueueOpenError } from '../queue/open-error.ts';
import { type OpenedQueue, openQueue } from '../queue/open-queue.ts';
import type { Operation } from '../queue/operations.ts';
import { IndexAtLeisure } from './index-at-leisure.ts';
import {
  encodeResults,
  type FromThread,
  type ThreadStart,
  type ToThread,
  unpackBodies,
  WIRE_VERSION,
} from './wire.ts';

/*
 * The storage thread, the only one that touches the databases.
 *
 *   main: ask, ask, ask ──(a post per tick)──> port ──> drain everything that waits
 *                                                          └> one transaction, one fsync
 *   main: resolve, resolve <──(one post)── answers <──────────┘
 *
 * While a commit syncs, the next batch gathers in the port: the busier it is, the more messages
 * share an fsync. What needs no transaction runs after the commit is answered. The history is
 * written after that and before the next but one; its index when there is nothing else to do.
 */

/** What a start asks of the queue is answered by then. */
const startMs = 2_000;
/** So that one answer does not wait for an endless batch. */
const operationsMax = 1_000;
/** So many are made, while somebody waits, before what they owe the history is written. */
const commitsMax = 2;

interface Numbered {
  readonly number: number;
  readonly operation: Operation;
}

function start(port: MessagePort, { directory }: ThreadStart): void {
  const post = (message: FromThread): void => port.postMessage(message);
  let queue: OpenedQueue;
  try {
    queue = openQueue({
      directory,
      clock: Date.now,
      report: (notice) => post({ is: 'notice', notice }),
    });
  } catch (error) {
    if (!(error instanceof QueueOpenError)) throw error;
    post({ is: 'refused', problem: error.problem, message: error.message });
    port.close();
    return;
  }
  const index = new IndexAtLeisure(queue.engine);
  port.on('message', (first: ToThread) => {
    let message: ToThread | null = first;
    let closing = false;
    for (let commits = 1; message !== null; commits++) {
      const gathered = gather(port, message);
      closing = gathered.closing;
      work(queue.engine, gathered.batch, post);
      index.worked(gathered.batch.length);
      // Somebody who came meanwhile does not wait for the history of others.
      message = closing || commits === commitsMax ? null : next(port);
    }
    queue.engine.settleDebts();
    if (!closing) return;
    index.stop();
    queue.close();
    post({ is: 'closed' });
    port.close();
  });
  post({ is: 'ready', version: WIRE_VERSION });
  setTimeout(giveBackMemory, startMs).unref();
}

function next(port: MessagePort): ToThread | null {
  const waiting: { message: ToThread } | undefined = receiveMessageOnPort(port);
  return waiting?.message ?? null;
}

/** The batch of all that waits; nothing comes behind the message that closes. */
function gather(port: MessagePort, first: ToThread): { batch: Numbered[]; closing: boolean } {
  const batch: Numbered[] = [];
  for (let message: ToThread | null = first; message !== null; message = next(port)) {
    if (message.is === 'close') return { batch, closing: true };
    batch.push(...numbered(message));
    if (batch.length >= operationsMax) break;
  }
  return { batch, closing: false };
}

function numbered({ first, operations, bodies }: Extract<ToThread, { is: 'batch' }>): Numbered[] {
  return unpackBodies(operations, bodies).map((operation, at) => ({
    number: first + at,
    operation,
  }));
}

function work(
  engine: Engine,
  batch: readonly Numbered[],
  post: (message: FromThread) => void,
): void {
  const writes = batch.filter(({ operation }) => !isOutside(operation));
  if (writes.length > 0) {
    const startedMs = performance.now();
    const results = engine.write(writes.map(({ operation }) => operation));
    const tookMs = performance.now() - startedMs;
    post({
      is: 'answers',
      numbers: writes.map(({ number }) => number),
      results: encodeResults(results),
      commitMs: results.some(({ ok }) => ok) ? tookMs : null,
    });
  }
  const reads = batch.filter(({ operation }) => isOutside(operation));
  if (reads.length > 0) engine.settleDebts();
  for (const { number, operation } of reads) {
    if (!isOutside(operation)) continue;
    const results = encodeResults([engine.outside(operation)]);
    post({ is: 'answers', numbers: [number], results, commitMs: null });
  }
}

assert(parentPort !== null, 'storage-thread.ts is started as a worker');
start(parentPort, workerData);
