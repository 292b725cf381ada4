import { expect, test } from 'vitest';
import { idOf, submit } from '../scene.ts';
import {
  expectAllDelivered,
  hour,
  LOGINS,
  minute,
  passWaits,
  scene,
  second,
  settled,
  submitMany,
} from './scene.ts';

const [username, password] = LOGINS.mailgun;

test('the limit of an hour with 500 waiting: on again at the time that Mailgun names', async () => {
  const quota = { amount: 250, perMs: hour, as: 'rolling' } as const;
  const given = await scene({ provider: 'mailgun', limits: { quota } });
  const { relay } = given;
  await submitMany(relay, 750);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  const [, named = ''] = /recipient limit exceeded, try again after (.+)$/.exec(
    String(paused.detail),
  ) ?? [''];
  const untilMs = Number(paused.untilMs);
  expect(untilMs).toBeGreaterThanOrEqual(Date.parse(named));
  expect(untilMs).toBeLessThanOrEqual(Date.parse(named) + minute);

  await passWaits(given, () => settled(relay, 'delivered').length === 750);
  await expectAllDelivered(relay, 750);
});

test('too many requests a second: on again after the seconds that Mailgun names', async () => {
  const rate = { amount: 20, perMs: 30 * second, as: 'rolling' } as const;
  const { relay, provider, clock, pass } = await scene({ provider: 'mailgun', limits: { rate } });
  await submitMany(relay, 40);
  const paused = await relay.event('account.paused');
  expect(paused.detail).toMatch(/try again after \d+ seconds/);
  const waitMs = Number(paused.untilMs) - clock.nowMs();
  expect(waitMs).toBeLessThanOrEqual(30 * second + minute);
  await provider.taken(20);
  await pass(waitMs);
  await expectAllDelivered(relay, 40);
});

test('a sandbox domain, one stranger among ten: nine delivered, one bounced', async () => {
  const known = Array.from({ length: 9 }, (_, n) => `r${n}@shop.example`);
  const { relay } = await scene({
    provider: 'mailgun',
    credentials: { [username]: { password, sandbox: ['@shop.example'] } },
  });
  const mail = { from: 'erp@shop.example', to: ['stranger@dest.test', ...known], text: 'x' };
  const id = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed', (event) => event.id === id);
  const own = (outcome: string) => settled(relay, outcome).filter((event) => event.id === id);
  expect(
    own('delivered')
      .map(({ recipient }) => recipient)
      .toSorted(),
  ).toEqual(known);
  expect(own('bounced')).toMatchObject([{ recipient: 'stranger@dest.test' }]);
});

test('a disabled account answers 421 for ever: held, with nothing bounced', async () => {
  const reply = '421 Domain mg.shop.example is not allowed to send: Account disabled';
  const { relay, provider } = await scene({
    provider: 'mailgun',
    script: [{ at: 'end-of-data', reply, times: 100 }],
  });
  await submitMany(relay, 20);
  expect(await relay.event('account.held')).toMatchObject({ reason: 'suspended' });
  await provider.order({ script: [] });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 20);
});
