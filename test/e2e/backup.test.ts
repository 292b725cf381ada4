import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import type { StatusReport } from '../../src/control/reports.ts';
import type { Inspection } from '../../src/queue/backup/inspect.ts';
import type { Manifest } from '../../src/queue/backup/manifest.ts';
import type { Ledger } from '../faults/ledger.ts';
import { startLoad } from '../faults/load.ts';
import { drain, expectNothingLost, makeScene } from '../faults/scene.ts';
import type { Daemon } from '../support/daemon.ts';
import { ask, temporaryDirectory } from './scene.ts';

/** More than fits into the database: it goes to the spool. */
const large = 'x'.repeat(70).concat('\r\n').repeat(5_000);

test('a backup under load, restored elsewhere, has all that was acknowledged before it', {
  timeout: 120_000,
}, async () => {
  const scene = await makeScene();
  const { ledger } = scene;
  const { acknowledged } = ledger;
  const relay = await scene.start();
  const port = relay.ports[0] ?? 0;
  const load = startLoad({ port, sessions: 10, ledger });
  const stop = new AbortController();
  const spooled = sendLarge(port, ledger, stop.signal);
  onTestFinished(() => stop.abort());
  await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(50);
  // From here on nothing leaves: whatever was taken and did not arrive yet has to be in the backup.
  await ask(relay, 'pause');
  await expect.poll(() => sending(relay), { timeout: 30_000 }).toBe(0);
  await sleep(40);
  const before = new Set(acknowledged);
  const file = join(await temporaryDirectory(), 'relayd.tar');
  const manifest = await ask<Manifest>(relay, 'backup', file);
  expect(acknowledged.size).toBeGreaterThan(before.size); // mail went on
  const sound = await ask<Inspection>(relay, 'verify');
  expect(sound.faults).toEqual([]);
  stop.abort();
  await Promise.all([load.stop(), spooled]);
  await relay.kill('SIGKILL');

  const elsewhere = await makeScene({ ledger });
  const queue = join(elsewhere.directory, 'queue');
  mkdirSync(queue, { mode: 0o700 });
  const restored = await relay.relayctl('restore', file, '--directory', queue);
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('is sent again') });
  const again = await elsewhere.start();
  await ask(again, 'resume'); // the pause is in the backup, too
  await drain(again, elsewhere);
  // Nobody asks it for what came later. What had arrived before must not come again: nothing was on its way.
  for (const token of acknowledged) if (!before.has(token)) acknowledged.delete(token);
  const { messages, files } = manifest;
  expectNothingLost(
    elsewhere,
    `backup of ${messages} messages in ${files.length} files under load`,
  );
});

async function sending(relay: Daemon): Promise<number> {
  const { queue } = await ask<StatusReport>(relay, 'status');
  return queue
    .filter(({ state }) => state === 'leased')
    .reduce((sum, { recipients }) => sum + recipients, 0);
}

async function sendLarge(port: number, ledger: Ledger, stop: AbortSignal): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, pool: true });
  while (!stop.aborted) {
    const token = ledger.nextToken();
    const envelope = { from: 'a@relay.test', to: `${token}@dest.test` };
    await transport.sendMail({ envelope, raw: `From: <a@relay.test>\r\n\r\n${large}` });
    ledger.acknowledged.add(token);
  }
  transport.close();
}
