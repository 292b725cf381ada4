import { expect, test } from 'vitest';
import type { AccountDetail } from '../../src/control/reports.ts';
import type { Daemon } from '../support/daemon.ts';
import {
  accountAt,
  app,
  ask,
  daemon,
  mainLogin,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

async function numberOf(relay: Daemon, sample: string): Promise<number | null> {
  const answer = await fetch(`http://127.0.0.1:${relay.observePort}/metrics`);
  const lines = (await answer.text()).split('\n');
  const value = lines.find((line) => line.startsWith(`${sample} `))?.slice(sample.length);
  return value === undefined ? null : Number(value);
}

test('a scrape tells the last success over a restart, the forecast of the quota, and the disk', async () => {
  const server = await upstream({ accounts: mainLogin });
  const login = { username: 'user@relay.test', password: 'upstream-password' };
  const limits = { rate: ['2/d'] };
  const config = {
    clients: { app },
    accounts: { main: await accountAt(server, login, { limits, identities: ['*'] }) },
    routes: [{ sender: '*', accounts: ['main'] }],
    limits: { disk_free: '1MiB' },
  };
  const directory = await temporaryDirectory();
  const first = await daemon({ config, directory });
  const success = 'relayd_account_last_success_timestamp_seconds{account="main"}';
  expect(await numberOf(first, success)).toBeNull();
  for (let n = 0; n < 5; n++) {
    await submit(first.ports[0] ?? 0, { from: 'a@relay.test', to: `r${n}@dest.test`, text: 'x' });
  }
  await server.taken(2);
  const waiting = 'relayd_queue_recipients{account="main",state="waiting"}';
  await expect.poll(() => numberOf(first, waiting)).toBe(3);
  await first.kill();

  const relay = await daemon({ config, directory });
  const { account } = await ask<AccountDetail>(relay, 'account', 'show', 'main');
  const seconds = await numberOf(relay, success);
  expect(seconds).toBeGreaterThan(Date.now() / 1000 - 3600);
  expect(account.lastDeliveredAtMs).toBe((seconds ?? 0) * 1000);
  const left = 'relayd_quota_left{account="main",window="d",counts="messages"}';
  expect(await numberOf(relay, left)).toBe(0);
  const out = await numberOf(relay, 'relayd_quota_out_timestamp_seconds{account="main"}');
  expect(out).toBeGreaterThan(Date.now() / 1000 + 86_400);
  expect(Math.abs((out ?? 0) - (account.outAtMs ?? 0) / 1000)).toBeLessThan(60);
  expect(await numberOf(relay, 'relayd_disk_free_limit_bytes')).toBe(1_048_576);
  const [free, size] = [
    await numberOf(relay, 'relayd_disk_free_bytes'),
    await numberOf(relay, 'relayd_disk_size_bytes'),
  ];
  expect(free).toBeGreaterThan(0);
  expect(size).toBeGreaterThan(free ?? 0);
});
