import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { makeSecure } from '../../../bench/load/certificates.ts';
import { submitByClient } from '../../../bench/load/load.ts';
import { startSecureSink } from '../../../bench/load/sink.ts';

test("the bench's own client sends all its messages, held or not, and its own sink counts them", async () => {
  const secure = await makeSecure(true);
  onTestFinished(() => rmSync(secure.directory, { recursive: true }));
  const sink = await startSecureSink(secure);
  onTestFinished(() => sink.close());
  const load = { port: sink.port, sessions: 3, messages: 10, bytes: 100_000 };
  const times = await submitByClient({ ...load, held: true });
  expect(times.p50Ms).toBeLessThanOrEqual(times.p99Ms);
  await submitByClient({ ...load, held: false, senders: { count: 4, domains: 2 } });
  await sink.reached(20);
  expect(sink.count()).toBe(20);
});

test('a load that is refused says what it was told', async () => {
  const secure = await makeSecure(true);
  onTestFinished(() => rmSync(secure.directory, { recursive: true }));
  const sink = await startSecureSink(secure);
  onTestFinished(() => sink.close());
  const load = { port: sink.port, sessions: 1, messages: 1, bytes: 100, held: true, secure };
  await expect(submitByClient(load)).rejects.toThrow('expected 235, got 250');
});
