/**
 * Loaded into relayd before anything else (`node --import`), in its main thread and in its workers: time is what the
 * machine says plus what stands in the file that TEST_CLOCK names, in milliseconds. SIGUSR2 says that more has passed;
 * timers of the main thread whose time has come by that go off at once, the others as they would have.
 */
import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.TEST_CLOCK ?? '';
const readOffset = (): number => Number(readFileSync(file, 'utf8'));
let offsetMs = readOffset();

const real = {
  now: Date.now,
  hrtime: process.hrtime.bigint,
  elapsed: performance.now.bind(performance),
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
};
// No signal comes to a worker: it looks each time, so that it is never behind what it is asked by the main thread.
const passedMs = (): number => (isMainThread ? offsetMs : readOffset());
const now = (): number => real.now() + passedMs();

interface Waiting {
  readonly go: () => void;
  readonly delayMs: number;
  atMs: number;
}
const waiting = new Map<NodeJS.Timeout, Waiting>();

function movableTimeout(
  callback: (...args: unknown[]) => void,
  delayMs = 0,
  ...args: unknown[]
): NodeJS.Timeout {
  const timer = real.setTimeout(() => {
    waiting.delete(timer);
    callback(...args);
  }, delayMs);
  const entry: Waiting = { go: () => callback(...args), delayMs, atMs: now() + delayMs };
  waiting.set(timer, entry);
  const refresh = timer.refresh.bind(timer);
  timer.refresh = () => {
    entry.atMs = now() + delayMs;
    waiting.set(timer, entry);
    return refresh();
  };
  return timer;
}

/** More time has passed. */
function move(): void {
  offsetMs = readOffset();
  const due = [...waiting].filter(([, { atMs }]) => atMs <= now());
  for (const [timer, { go }] of due.toSorted(([, a], [, b]) => a.atMs - b.atMs)) {
    // One that went off before may have ended this one.
    if (!waiting.delete(timer)) continue;
    real.clearTimeout(timer);
    go();
  }
}

Date.now = now;
process.hrtime.bigint = () => real.hrtime() + BigInt(Math.round(passedMs() * 1e6));
performance.now = () => real.elapsed() + passedMs();
Object.assign(globalThis, {
  setTimeout: movableTimeout,
  clearTimeout(timer?: NodeJS.Timeout) {
    if (timer !== undefined) waiting.delete(timer);
    real.clearTimeout(timer);
  },
});

if (isMainThread) process.on('SIGUSR2', move);
