import { expect, test } from 'vitest';
import { ask, daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('a 535 bounces nothing, holds the account once, and all goes after resume', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'auth', do: { reply: '535 5.7.8 Username and Password not accepted' } }],
  });
  const relay = await daemon({ config: await simpleConfig(server) });
  const [port = 0] = relay.ports;
  for (let n = 0; n < 10; n++) {
    await submit(port, { from: 'a@relay.test', to: `r${n}@dest.test`, text: 'x' });
  }
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ account: 'main', reason: 'credentials' });
  expect(String(held.detail)).toContain('535 5.7.8');

  const { accounts } = await ask<{ accounts: { name: string; state: { is: string } }[] }>(
    relay,
    'account',
    'list',
  );
  expect(accounts).toMatchObject([{ name: 'main', state: { is: 'held' } }]);

  server.script([]);
  const resumed = await relay.relayctl('account', 'resume', 'main');
  expect(resumed.code).toBe(0);
  const messages = await server.taken(10);
  expect(messages.map(({ authenticatedAs }) => authenticatedAs)).toEqual(
    Array.from({ length: 10 }, () => 'user@relay.test'),
  );
  const completed = () => relay.events.filter(({ event }) => event === 'message.completed');
  await expect.poll(() => completed().length).toBe(10);
  const outcomes = relay.events.filter(({ event }) => event === 'recipient.settled');
  expect(outcomes.filter(({ outcome }) => outcome === 'bounced')).toEqual([]);
  expect(relay.events.filter(({ event }) => event === 'account.held')).toHaveLength(1);
  expect(outcomes.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(10);
  expect(outcomes.every(({ attempts }) => Number(attempts) <= 1)).toBe(true);
});
