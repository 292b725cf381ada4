import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import type { StatusReport } from '../../src/control/reports.ts';
import type { Inspection } from '../../src/queue/backup/inspect.ts';
import type { Manifest } from '../../src/queue/backup/manifest.ts';
import { startLoad } from '../crash/load.ts';
import { crashConfig, drainQueue, startSink } from '../crash/scene.ts';
import type { Daemon } from '../support/daemon.ts';
import { ask, daemon, temporaryDirectory } from './scene.ts';

/** More than fits into the database: it goes to the spool. */
const large = 'x'.repeat(70).concat('\r\n').repeat(5_000);

test('a backup under load, restored elsewhere, has all that was acknowledged before it', {
  timeout: 120_000,
}, async () => {
  const sink = await startSink();
  const config = crashConfig(sink.server.port);
  const relay = await daemon({ config });
  const port = relay.ports[0] ?? 0;
  const acknowledged = new Set<string>();
  let tokens = 0;
  const nextToken = (): string => `t${tokens++}`;
  const load = startLoad({ port, sessions: 10, nextToken, acknowledged });
  const stop = new AbortController();
  const spooled = sendLarge(port, { nextToken, acknowledged, stop: stop.signal });
  onTestFinished(() => stop.abort());
  await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(50);
  // From here on nothing leaves: whatever was taken and did not arrive yet has to be in the backup.
  await ask(relay, 'pause');
  await expect.poll(() => sending(relay), { timeout: 30_000 }).toBe(0);
  const arrivedBefore = new Set(sink.arrivals.taken.keys());
  await sleep(40);
  const before = [...acknowledged];
  const file = join(await temporaryDirectory(), 'relayd.tar');
  const manifest = await ask<Manifest>(relay, 'backup', file);
  expect(acknowledged.size).toBeGreaterThan(before.length); // mail went on
  const sound = await ask<Inspection>(relay, 'verify');
  expect(sound.faults).toEqual([]);
  stop.abort();
  await Promise.all([load.stop(), spooled]);
  await relay.kill('SIGKILL');

  const elsewhere = await temporaryDirectory();
  mkdirSync(join(elsewhere, 'queue'), { mode: 0o700 });
  const restored = await relay.relayctl(
    ...['restore', file, '--directory', join(elsewhere, 'queue')],
  );
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('is sent again') });
  await daemonResumes(elsewhere, config);
  const { inDoubt } = await drainQueue(elsewhere, config);
  const lost = before.filter((token) => !sink.arrivals.taken.has(token));
  const twice = [...sink.arrivals.taken].filter(([, copies]) => copies > 1);
  console.info(
    `backup of ${manifest.messages} messages in ${manifest.files.length} files under load: ` +
      `${before.length} acknowledged before it, ${lost.length} lost, ${twice.length} sent twice, ` +
      `${inDoubt} in doubt`,
  );
  expect(lost).toEqual([]);
  expect(twice.filter(([token]) => arrivedBefore.has(token)).length).toBeLessThanOrEqual(inDoubt);
});

async function sending(relay: Daemon): Promise<number> {
  const { queue } = await ask<StatusReport>(relay, 'status');
  return queue
    .filter(({ state }) => state === 'leased')
    .reduce((sum, { recipients }) => sum + recipients, 0);
}

/** The pause is in the backup, too. */
async function daemonResumes(directory: string, config: Record<string, unknown>): Promise<void> {
  const relay = await daemon({ directory, config });
  await ask(relay, 'resume');
  await relay.kill('SIGTERM');
}

async function sendLarge(
  port: number,
  given: { nextToken: () => string; acknowledged: Set<string>; stop: AbortSignal },
): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, pool: true });
  while (!given.stop.aborted) {
    const token = given.nextToken();
    const envelope = { from: 'a@relay.test', to: `${token}@dest.test` };
    await transport.sendMail({ envelope, raw: `From: <a@relay.test>\r\n\r\n${large}` });
    given.acknowledged.add(token);
  }
  transport.close();
}
