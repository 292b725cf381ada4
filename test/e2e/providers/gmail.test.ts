import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  day,
  expectAllDelivered,
  hour,
  LOGINS,
  minute,
  nextPause,
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
