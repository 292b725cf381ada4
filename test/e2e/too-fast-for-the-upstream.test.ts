import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import type { AccountReport } from '../../src/control/reports.ts';
import { tokenBucket } from '../unit/delivery/paced-upstream.ts';
import { accountAt, app, ask, daemon, mainLogin, upstream } from './scene.ts';

const perSecond = 40;
const count = 200;

test('an upstream that allows 40/s: no pause, no attempt used, few refusals', async () => {
  const mayPass = tokenBucket(perSecond);
  let refused = 0;
  const server = await upstream({
    accounts: mainLogin,
    rules: [
      {
        at: 'end-of-data',
        when() {
          const passes = mayPass(performance.now());
          if (!passes) refused++;
          return !passes;
        },
        do: { reply: '454 Throttling failure: Maximum sending rate exceeded' },
      },
    ],
  });
  const login = { username: 'user@relay.test', password: 'upstream-password' };
  const limits = { connections: 5 };
  const config = {
    clients: { app },
    accounts: { main: await accountAt(server, login, { limits, identities: ['*'] }) },
    routes: [{ sender: '*', accounts: ['main'] }],
  };
  const relay = await daemon({ config });
  const transport = createTransport({
    host: '127.0.0.1',
    port: relay.ports[0] ?? 0,
    ignoreTLS: true,
    auth: { user: 'app', pass: 'app-password' },
    pool: true,
  });
  const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };
  await Promise.all(Array.from({ length: count }, () => transport.sendMail(mail)));
  transport.close();
  const { account } = await ask<{ account: AccountReport }>(relay, 'account', 'show', 'main');
  expect(account.state).toEqual({ is: 'open' });
  expect(account.pacePerSecond).toBeGreaterThan(0);
  await server.taken(count);
  await expect
    .poll(() => relay.events.filter(({ event }) => event === 'message.completed').length, {
      timeout: 10_000,
    })
    .toBe(count);

  const settled = relay.events.filter(({ event }) => event === 'recipient.settled');
  const delivered = settled.filter(({ outcome }) => outcome === 'delivered');
  expect(delivered).toHaveLength(count);
  expect(delivered.every(({ attempts }) => attempts === 1)).toBe(true);
  expect(relay.events.filter(({ event }) => event === 'account.paused')).toEqual([]);
  expect(refused).toBeLessThan(count / 10);
});
