import { expect, test } from 'vitest';
import type { AlertsReport } from '../../src/control/alert-wire.ts';
import { freePort } from '../support/daemon.ts';
import { startReceiver } from '../unit/alerts/receiver.ts';
import {
  ask,
  daemon,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

const refuseLogins = { at: 'auth', do: { reply: '535 5.7.8 Bad credentials' } } as const;

test('killed while its webhook is down, the relay tells of the held account after its restart', async () => {
  const server = await upstream({ accounts: mainLogin, rules: [refuseLogins] });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/services/very-secret`;
  const webhooks = [{ url, secret: 'hook-secret', events: ['account.held', 'message.failed'] }];
  const config = await simpleConfig(server, { notifications: { webhooks } });
  const directory = await temporaryDirectory();
  const first = await daemon({ config, directory });
  await submit(first.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  await first.event('alert.failed');
  // What waits is in its file a moment later.
  await expect
    .poll(async () => (await ask<AlertsReport>(first, 'alert', 'list')).destinations)
    .toMatchObject([{ name: 'webhook1', waiting: 1, last: { ok: false } }]);
  await first.kill('SIGKILL');

  const receiver = await startReceiver('/', port);
  const second = await daemon({ config, directory });
  await second.event('alert.sent');
  expect(receiver.payloads()[0]).toMatchObject({
    relay: 'relay.test',
    events: [{ event: 'account.held', account: 'main', reason: 'credentials' }],
  });
  const tested = await second.relayctl('alert', 'test', '--to', 'webhook1');
  expect(tested).toMatchObject({
    code: 0,
    stdout: `webhook1: ok, 127.0.0.1:${port} answered 204\n`,
  });
  const wrong = await second.relayctl('alert', 'test', '--to', 'webhook');
  expect(wrong.stderr).toContain('did you mean "webhook1"?');
  const shown = await second.relayctl('config', 'show');
  const said = [...first.events, ...second.events].map((event) => JSON.stringify(event)).join('\n');
  expect(said + shown.stdout).not.toMatch(/very-secret|hook-secret/);
  const metrics = await fetch(`http://127.0.0.1:${second.observePort}/metrics`);
  expect(await metrics.text()).toContain('relayd_alerts_waiting_events{destination="webhook1"} 0');
});

test('a daily summary goes through the queue as any mail does, once', async () => {
  const server = await upstream({ accounts: mainLogin });
  const notifications = { summary: { to: 'admin@relay.test', at: '00:00' } };
  const config = await simpleConfig(server, { notifications });
  const directory = await temporaryDirectory();
  const first = await daemon({ config, directory });
  const [mail] = await server.taken(1);
  const text = String(mail?.body);
  expect(text).toMatch(/^Subject: relayd on relay\.test: all is well\r$/m);
  expect(text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(text).toContain('Mail accepted in the last 1d:');
  await first.event('message.completed');
  await first.kill();
  const second = await daemon({ config, directory });
  await second.event('listener.opened');
  await second.kill();
  expect(second.events.filter(({ event }) => event === 'message.accepted')).toEqual([]);
});

test('a reload takes another webhook', async () => {
  const server = await upstream({ accounts: mainLogin, rules: [refuseLogins] });
  const receiver = await startReceiver();
  const { writeFileSync, readFileSync } = await import('node:fs');
  const relay = await daemon({ config: await simpleConfig(server) });
  const file = JSON.parse(readFileSync(relay.configFile, 'utf8'));
  writeFileSync(
    relay.configFile,
    JSON.stringify({ ...file, notifications: { webhooks: [{ url: receiver.url }] } }),
    { mode: 0o600 },
  );
  process.kill(relay.pid, 'SIGHUP');
  const reloaded = await relay.event('config.reloaded');
  expect(reloaded.changes).toEqual(['notifications']);
  await submit(relay.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  await relay.event('alert.sent');
  expect(receiver.payloads()[0]?.events).toMatchObject([{ event: 'account.held' }]);
});
