import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ReplayReport } from '../../src/policy/replay.ts';
import { ask, daemon, idOf, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('another file is tried on mail that was sent and mail that waits, and changes nothing', async () => {
  const server = await upstream({ accounts: mainLogin });
  const config = await simpleConfig(server);
  const accounts = config.accounts as Record<string, Record<string, unknown>>;
  const second = { ...accounts.main, username: 'second@relay.test' };
  const routes = [
    { sender: 'held@relay.test', hold: true },
    { sender: '*', accounts: ['main'] },
    { sender: 'never@relay.test', accounts: ['second'] },
  ];
  const relay = await daemon({ config: { ...config, routes, accounts: { ...accounts, second } } });
  const [port = 0] = relay.ports;
  for (const from of ['a@relay.test', 'b@relay.test', 'held@relay.test']) {
    const id = idOf(await submit(port, { from, to: 'x@dest.test', text: 'x' }));
    if (from !== 'held@relay.test') await relay.event('message.completed', (one) => one.id === id);
  }

  const young = join(relay.directory, 'new.yaml');
  const changed = JSON.parse(readFileSync(relay.configFile, 'utf8'));
  changed.routes = [
    { sender: 'a@relay.test', accounts: ['second'] },
    { sender: '*', accounts: ['main'] },
  ];
  writeFileSync(young, JSON.stringify(changed), { mode: 0o600 });
  const report = await ask<{ differences: { path: string }[]; replay: ReplayReport }>(
    relay,
    ...['config', 'diff', young, '--replay', '1d'],
  );
  expect(report.differences.map(({ path }) => path)).toContain('routes[0]');
  expect(report.replay).toMatchObject({ messages: 3, waiting: 1, changed: 2 });
  expect(report.replay.groups.map(({ changes }) => changes)).toEqual(
    expect.arrayContaining([
      [{ what: 'account', before: 'main', after: 'second' }],
      [{ what: 'fate', before: 'held', after: 'relayed by main' }],
    ]),
  );
  expect(JSON.stringify(report)).not.toMatch(/upstream-password|app-password/);
});

test('config check --bind beside a running daemon: its own addresses are fine', async () => {
  const server = await upstream({ accounts: mainLogin });
  const relay = await daemon({ config: await simpleConfig(server) });
  const { stdout, code } = await relay.relayctl('config', 'check', '--bind', '--user', 'root');
  expect(stdout).toMatch(/ok {7}observe 127\.0\.0\.1:\d+: held by the running relayd \(pid \d+\)/);
  expect(stdout).toMatch(/ok {7}control socket unix:\S+: held by the running relayd/);
  expect(code).toBe(0);
});
