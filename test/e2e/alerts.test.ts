import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AlertsReport } from '../../src/control/alert-wire.ts';
import { freePort } from '../support/free-port.ts';
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
  const kept = join(directory, 'queue', 'alerts', '*.json');
  const texts = () => globSync(kept).map((file) => readFileSync(file, 'utf8'));
  await expect.poll(texts, { timeout: 10_000 }).toEqual([expect.stringContaining('account.held')]);
  await first.kill('SIGKILL');

  const receiver = await startReceiver('/', port);
  const second = await daemon({ config, directory });
  await second.event('alert.sent');
  expect(receiver.payloads()[0]).toMatchObject({
    relay: 'relay.test',
    events: [{ event: 'account.held', account: 'main', reason: 'credentials' }],
  });
  const said = [...first.events, ...second.events].map((event) => JSON.stringify(event)).join('\n');
  expect(said).not.toMatch(/very-secret|hook-secret/);
});

test('relayctl shows and tests whom the relay tells, without what is secret', async () => {
  const server = await upstream({ accounts: mainLogin });
  const receiver = await startReceiver('/services/very-secret');
  const webhooks = [{ url: receiver.url, secret: 'hook-secret' }];
  const relay = await daemon({
    config: await simpleConfig(server, { notifications: { webhooks } }),
  });
  const tested = await relay.relayctl('alert', 'test', '--to', 'webhook1');
  const line = `webhook1: ok, 127.0.0.1:${receiver.port} answered 204\n`;
  expect(tested).toMatchObject({ code: 0, stdout: line });
  const wrong = await relay.relayctl('alert', 'test', '--to', 'webhook');
  expect(wrong.stderr).toContain('did you mean "webhook1"?');
  const list = await ask<AlertsReport>(relay, 'alert', 'list');
  expect(list.destinations).toMatchObject([{ name: 'webhook1', events: ['trouble'], waiting: 0 }]);
  const shown = await relay.relayctl('config', 'show');
  expect(shown.stdout + JSON.stringify(list)).not.toMatch(/very-secret|hook-secret/);
  const metrics = await fetch(`http://127.0.0.1:${relay.observePort}/metrics`);
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
