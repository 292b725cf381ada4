import { expect, test } from 'vitest';
import { submit } from '../scene.ts';
import {
  expectAllDelivered,
  hour,
  minute,
  passWaits,
  scene,
  settled,
  submitMany,
} from './scene.ts';

test('550 at RCPT for the limit of an hour, 500 waiting: on again with the next hour', async () => {
  const quota = { amount: 250, perMs: hour, as: 'calendar' } as const;
  const given = await scene({ provider: 'cpanel', limits: { quota } });
  const { relay } = given;
  await submitMany(relay, 750);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('550 Domain shop.example has exceeded the max emails per hour');
  const untilMs = Number(paused.untilMs);
  expect(untilMs % hour).toBeLessThanOrEqual(minute);

  await passWaits(given, () => settled(relay, 'delivered').length === 750);
  await expectAllDelivered(relay, 750);
});

test('too many failures in an hour stop the account, not the message', async () => {
  const reply =
    '550 Domain shop.example has exceeded the max defers and failures per hour (5/5 (100%)) ' +
    'allowed. Message discarded.';
  const given = await scene({
    provider: 'cpanel',
    refusedRecipients: { 'nobody@dest.test': '550 No Such User Here' },
    script: [{ after: { messages: 3 }, at: 'end-of-data', reply }],
  });
  const { relay } = given;
  await submitMany(relay, 20);
  expect(await relay.event('account.paused')).toMatchObject({ reason: 'quota' });
  await given.pass(hour + minute);
  await expectAllDelivered(relay, 20);

  const mail = { from: 'erp@shop.example', to: ['nobody@dest.test', 'a@dest.test'], text: 'x' };
  await submit(relay.ports[0] ?? 0, mail);
  const bounced = await relay.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  expect(bounced).toMatchObject({ recipient: 'nobody@dest.test', reason: 'recipient' });
});

test('421 after so many messages of a connection is another connection, nothing more', async () => {
  const given = await scene({ provider: 'cpanel', limits: { sessionMessages: 7 } });
  const { relay, provider } = given;
  await submitMany(relay, 50);
  await expectAllDelivered(relay, 50);
  expect(relay.events.some(({ event }) => event === 'account.paused')).toBe(false);
  const { 'erp@shop.example': tally } = await provider.report();
  expect(tally?.loginsAcceptedAtMs.length).toBeGreaterThanOrEqual(8);
});

test('too many connections of one host: all is delivered over those that are allowed', async () => {
  const given = await scene({
    provider: 'cpanel',
    limits: { connections: 1 },
    account: { limits: { connections: 3 } },
  });
  const { relay } = given;
  await submitMany(relay, 50);
  await passWaits(given, () => settled(relay, 'delivered').length === 50);
  await expectAllDelivered(relay, 50);
});
