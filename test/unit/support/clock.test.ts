import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { makeClock } from '../../support/clock.ts';

const hour = 3_600_000;

/** Says what its clocks say, of both threads, and when a timer of an hour goes off. */
const program = `
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
const clocks = () => [Date.now(), Number(process.hrtime.bigint() / 1000000n), performance.now()];
const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n');
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url));
  const before = clocks();
  const since = () => clocks().map((ms, at) => ms - before[at]);
  worker.once('message', (startMs) => say({ is: 'ready' }));
  worker.on('message', (nowMs) => say({ is: 'worker', movedMs: nowMs - before[0] }));
  clearTimeout(setTimeout(() => say({ is: 'cleared' }), ${hour} / 2));
  setTimeout(() => say({ is: 'later' }), 3 * ${hour});
  setTimeout(() => {
    say({ is: 'timer', movedMs: since() });
    worker.postMessage('now');
  }, ${hour});
} else {
  parentPort.postMessage(Date.now());
  parentPort.on('message', () => parentPort.postMessage(Date.now()));
}
`;

test('time passes for every clock and timer of a process, and for its workers', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'relayd-clock-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'program.mjs');
  writeFileSync(file, program);
  const clock = makeClock();
  onTestFinished(() => clock.close());
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...clock.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    const over = once(child, 'close');
    child.kill('SIGKILL');
    await over;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));

  expect(await next()).toEqual({ is: 'ready' });
  expect((await next()).movedMs).toBeLessThan(hour / 2);
  clock.pass(hour, child.pid ?? 0);
  const { is, movedMs } = await next();
  expect(is).toBe('timer');
  for (const ms of movedMs) expect(Math.abs(ms - hour)).toBeLessThan(hour / 2);
  const worker = await next();
  expect(worker.is).toBe('worker');
  expect(worker.movedMs).toBeGreaterThanOrEqual(hour);
  expect(Math.abs(clock.nowMs() - Date.now() - hour)).toBeLessThan(hour / 2);
});
