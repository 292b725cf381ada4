import { expect, test } from 'vitest';
import type { ProbeReport } from '../../src/relay/probe-report.ts';
import { accountAt, app, ask, daemon, mainLogin, upstream } from './scene.ts';

const login = { username: 'user@relay.test', password: 'upstream-password' };

test('account test --send: one message through that account, whatever the routes say', async () => {
  const server = await upstream({ accounts: mainLogin });
  const relay = await daemon({
    config: {
      clients: { app },
      accounts: { main: await accountAt(server, login, { limits: { rate: '5/d@UTC' } }) },
      routes: [{ sender: '*', discard: true }],
    },
  });
  await ask<ProbeReport>(relay, 'account', 'test', 'main');
  expect(server.messages).toEqual([]);
  const args = ['account', 'test', 'main', '--send', '--to', 'you@dest.test'];
  const report = await ask<ProbeReport>(relay, ...args);
  expect(report).toMatchObject({
    ok: true,
    sent: { from: 'user@relay.test', to: 'you@dest.test' },
  });
  expect(server.messages[0]?.recipients).toMatchObject([{ forwardPath: 'you@dest.test' }]);
  const { account } = await ask<{ account: { quota: unknown } }>(relay, 'account', 'show', 'main');
  expect(account.quota).toEqual([{ rate: '5/d@UTC', used: 1 }]);
  const wrong = await relay.relayctl('queue', 'list', '--account', 'mian');
  expect(wrong.code).toBe(65);
  expect(wrong.stderr).toContain('did you mean "main"?');
});
