import { expect, test } from 'vitest';
import { idOf, submit } from '../scene.ts';
import {
  day,
  expectAllDelivered,
  LOGINS,
  refusals,
  scene,
  settled,
  submitMany,
  told,
  usualMail,
} from './scene.ts';

const [username, password] = LOGINS.ses;

test('the quota of 24 hours with 500 waiting: no bounce, no attempt lost, resumed by itself', async () => {
  const quota = { amount: 250, perMs: day, as: 'rolling' } as const;
  const { relay, provider, pass } = await scene({ provider: 'ses', limits: { quota } });
  await submitMany(relay, 750);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('454 Throttling failure: Daily message quota exceeded');
  const { [username]: tally } = await provider.report();
  expect(tally?.takenAtMs).toHaveLength(250);
  // At most one of each connection.
  expect(refusals(tally)).toBeLessThanOrEqual(5);

  await pass(day);
  await provider.taken(500);
  await expect.poll(() => told(relay, 'account.paused').length).toBeGreaterThanOrEqual(2);
  expect(settled(relay, 'bounced')).toEqual([]);
  await pass(day);
  await expectAllDelivered(relay, 750);
});

test('in the sandbox, one unverified recipient among ten: nine delivered, one bounced', async () => {
  const known = Array.from({ length: 9 }, (_, n) => `r${n}@shop.example`);
  const { relay, provider } = await scene({
    provider: 'ses',
    credentials: { [username]: { password, sandbox: ['@shop.example'] } },
  });
  const to = [...known.slice(0, 4), 'stranger@dest.test', ...known.slice(4)];
  const mail = { from: 'erp@shop.example', to, text: 'x' };
  const id = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed', (event) => event.id === id);

  const own = (outcome: string) => settled(relay, outcome).filter((event) => event.id === id);
  expect(
    own('delivered')
      .map(({ recipient }) => recipient)
      .toSorted(),
  ).toEqual(known);
  expect(own('bounced')).toMatchObject([{ recipient: 'stranger@dest.test', attempts: 1 }]);
  expect(own('bounced')[0]?.text).toContain('Email address is not verified');
  // Nobody got it twice.
  const taken = provider.received.filter(
    ({ reply, reversePath }) => reply?.startsWith('250') && reversePath === 'erp@shop.example',
  );
  expect(taken.flatMap(({ recipients }) => recipients).toSorted()).toEqual(known);
});

test('an unverified sender: its mail is held, and that of others goes', async () => {
  const { relay } = await scene({
    provider: 'ses',
    credentials: { [username]: { password, sendAs: ['@shop.example'] } },
  });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'hr@other.example', to: 'a@dest.test', text: 'x' });
  const held = await relay.event('recipient.settled', ({ outcome }) => outcome === 'held');
  expect(held).toMatchObject({ reason: 'sender' });
  expect(held.text).toContain('hr@other.example');
  await submitMany(relay, 10);
  await expectAllDelivered(relay, 10);
});

test('sending paused by AWS: held with everything kept, and all goes after resume', async () => {
  const paused =
    '554 Message rejected: Sending paused for this account. For more information, please check the ' +
    'inbox of the email address associated with your AWS account.';
  const { relay, provider } = await scene({
    provider: 'ses',
    script: [{ after: { messages: 10 }, at: 'end-of-data', reply: paused, times: 100 }],
  });
  await submitMany(relay, 60, usualMail);
  expect(await relay.event('account.held')).toMatchObject({ reason: 'suspended' });
  await provider.order({ script: [] });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 60);
});
