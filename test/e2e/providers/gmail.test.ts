import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { idOf, submit } from '../scene.ts';
import {
  day,
  expectAllDelivered,
  hour,
  LOGINS,
  minute,
  nextPause,
  passWaits,
  refusals,
  scene,
  settled,
  submitMany,
} from './scene.ts';

const daily = { amount: 500, perMs: day, as: 'rolling' } as const;

test('the daily limit with 500 waiting: no bounce, no attempt lost, resumed by itself', async () => {
  const { relay, provider, pass } = await scene({ provider: 'gmail', limits: { quota: daily } });
  await submitMany(relay, 1_000);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ account: 'main', reason: 'quota' });
  expect(paused.detail).toContain('550 5.4.5 Daily user sending limit exceeded');

  // The limit is that of a rolling day: a probe in between finds it shut.
  const again = nextPause(relay);
  await pass(2 * hour);
  expect(await again).toMatchObject({ reason: 'quota' });
  expect(settled(relay, 'bounced')).toEqual([]);
  const { 'erp@shop.example': tally } = await provider.report();
  expect(tally?.takenAtMs).toHaveLength(500);
  // One of each connection, and the probe.
  expect(refusals(tally)).toBeLessThanOrEqual(3);

  await pass(day);
  await expectAllDelivered(relay, 1_000);
});

test('too many logins: the pauses grow, and nothing bounces', async () => {
  const { relay, provider, pass } = await scene({
    provider: 'gmail',
    limits: { logins: { amount: 0, perMs: day, as: 'rolling' } },
  });
  await submitMany(relay, 10);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ reason: 'throttled' });
  expect(paused.detail).toContain('454 4.7.0 Too many login attempts');
  expect(Number(paused.untilMs) - Date.now()).toBeGreaterThan(10 * minute);

  const again = nextPause(relay);
  await pass(20 * minute);
  const longer = await again;
  expect(Number(longer.untilMs) - Date.now()).toBeGreaterThan(hour);
  const { 'erp@shop.example': tally } = await provider.report();
  // At most one of each connection, and the probe.
  expect(tally?.loginsRefused.length).toBeLessThanOrEqual(3);

  await provider.order({ limits: {} });
  await pass(2 * hour);
  await expectAllDelivered(relay, 10);
});

test('a revoked app password: held with nothing bounced, and all goes after a reload', async () => {
  const [username, password] = LOGINS.gmail;
  const { relay, provider } = await scene({
    provider: 'gmail',
    credentials: { [username]: { password, revoked: true } },
  });
  await submitMany(relay, 20);
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ reason: 'credentials' });
  expect(held.hint).toContain('app password');
  const renewed = 'ponmlkjihgfedcba';
  const { [username]: tally } = await provider.order({
    credentials: { [username]: { password: renewed } },
  });
  // At most one of each connection.
  expect(tally?.loginsRefused.length).toBeLessThanOrEqual(2);
  expect(settled(relay, 'bounced')).toEqual([]);

  const text = readFileSync(relay.configFile, 'utf8');
  writeFileSync(relay.configFile, text.replace(password, renewed));
  process.kill(relay.pid, 'SIGHUP');
  await expectAllDelivered(relay, 20);
});

test('more recipients than Google takes at once: all get it, in several transactions', async () => {
  const { relay } = await scene({
    provider: 'gmail',
    limits: { recipients: 5 },
    refusedRecipients: {
      'nobody@dest.test':
        '550 5.1.1 The email account that you tried to reach does not exist. - gsmtp',
    },
  });
  const to = Array.from({ length: 12 }, (_, n) => `r${n}@dest.test`);
  const mail = { from: 'erp@shop.example', to: [...to, 'nobody@dest.test'], text: 'x' };
  const id = idOf(await submit(relay.ports[0] ?? 0, mail));
  await relay.event('message.completed', (event) => event.id === id);
  const own = (outcome: string) => settled(relay, outcome).filter((event) => event.id === id);
  expect(new Set(own('delivered').map(({ recipient }) => recipient))).toEqual(new Set(to));
  expect(own('delivered').filter(({ attempts }) => attempts !== 1)).toEqual([]);
  expect(own('bounced')).toMatchObject([{ recipient: 'nobody@dest.test' }]);
});

test('an unusual rate of mail stops the account for long, and bounces nothing', async () => {
  const reply =
    '421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP ' +
    'address. - gsmtp';
  const given = await scene({
    provider: 'gmail',
    script: [{ after: { messages: 5 }, at: 'end-of-data', reply, drop: true }],
  });
  const { relay, clock } = given;
  await submitMany(relay, 30);
  const paused = await relay.event('account.paused');
  expect(paused).toMatchObject({ reason: 'throttled' });
  expect(Number(paused.untilMs) - clock.nowMs()).toBeGreaterThan(20 * minute);
  await passWaits(given, () => settled(relay, 'delivered').length === 30);
  await expectAllDelivered(relay, 30);
});
