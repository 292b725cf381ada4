import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import type { AccountReport } from '../../src/control/reports.ts';
import { accountAt, app, ask, daemon, mainLogin, upstream } from './scene.ts';

const login = { username: 'user@relay.test', password: 'upstream-password' };

test('60 messages at 20/s: never more in a second, and not one counted attempt is lost', async () => {
  const atMs: number[] = [];
  const server = await upstream({
    accounts: mainLogin,
    onMessage: () => void atMs.push(performance.now()),
  });
  const limits = { rate: ['20/s', '500/d'], connections: 4 };
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
  await Promise.all(Array.from({ length: 60 }, () => transport.sendMail(mail)));
  transport.close();
  await server.taken(60);

  const spans = atMs.slice(20).map((lastMs, index) => lastMs - (atMs[index] ?? 0));
  expect(spans.filter((span) => span < 1_000)).toEqual([]);
  await relay.event('message.completed', () => {
    const settled = relay.events.filter((event) => event.event === 'recipient.settled');
    return settled.filter((event) => event.outcome === 'delivered').length === 60;
  });
  const settled = relay.events.filter((event) => event.event === 'recipient.settled');
  expect(settled.every((event) => event.outcome === 'delivered' && event.attempts === 1)).toBe(
    true,
  );
  expect(relay.events.some((event) => event.event === 'account.paused')).toBe(false);
  const { account } = await ask<{ account: AccountReport }>(relay, 'account', 'show', 'main');
  expect(account.quota).toContainEqual({ rate: '500/d', used: 60 });
});
