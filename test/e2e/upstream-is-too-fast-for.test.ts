import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import type { AccountReport } from '../../src/control/reports.ts';
import { tokenBucket } from '../unit/delivery/paced-upstream.ts';
import { accountAt, app, ask, daemon, mainLogin, upstream } from './scene.ts';

const perSecond = Number(process.env.PACE_RATE ?? 40);
const count = Number(process.env.PACE_COUNT ?? 300);

test('an upstream that allows 40/s: no pause, no attempt used, few refusals', async () => {
  const mayPass = tokenBucket(perSecond);
  const takenAtMs: number[] = [];
  const refusedAtMs: number[] = [];
  const server = await upstream({
    accounts: mainLogin,
    rules: [
      {
        at: 'end-of-data',
        when() {
          const nowMs = performance.now();
          const passes = mayPass(nowMs);
          (passes ? takenAtMs : refusedAtMs).push(nowMs);
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
  await server.taken(count, 300_000);
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
  expect(refusedAtMs.length).toBeLessThan(count / 10);
  if (process.env.PACE_COUNT) {
    const t0 = takenAtMs[0] ?? 0;
    for (let from = 0; from < (takenAtMs.at(-1) ?? 0) - t0; from += 10_000) {
      const n = takenAtMs.filter((t) => t - t0 >= from && t - t0 < from + 10_000).length;
      console.log(
        from / 1000,
        n / 10,
        refusedAtMs.filter((t) => t - t0 >= from && t - t0 < from + 10_000).length,
      );
    }
    console.log(
      relay.events
        .filter(({ event }) => event === 'account.slowed')
        .map((e) => JSON.stringify(e))
        .join('\n'),
    );
  }
}, 400_000);
