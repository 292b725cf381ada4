import { expect, test } from 'vitest';
import {
  expectAllDelivered,
  LOGINS,
  passWaits,
  refusals,
  scene,
  second,
  settled,
  submitMany,
  told,
} from './scene.ts';

const [username] = LOGINS.ses;
const perSecond = 14;
const warmUpMs = 10 * second;
const measuredMs = 15 * second;

/**
 * How much of the rate is used at least. A bucket bears mail that comes a moment late and then bunched;
 * a strict window does not, and on a busy machine less fits in. On a clock of its own both are above
 * 90 %: test/unit/delivery/pace-simulated.
 */
const shares = [
  { as: 'bucket', least: 0.9 },
  { as: 'rolling', least: 0.75 },
] as const;

for (const { as, least } of shares) {
  test(`SES allows ${perSecond}/s (${as}): it is used, and no attempt`, async () => {
    const rate = { amount: perSecond, perMs: second, as };
    const { relay, provider } = await scene({ provider: 'ses', limits: { rate } });
    const enough = (perSecond * (warmUpMs + measuredMs)) / second + 60;
    await submitMany(relay, enough);
    const [first] = await provider.taken(1);
    const fromMs = (first?.atMs ?? 0) + warmUpMs;
    const within = (atMs: number) => atMs >= fromMs && atMs < fromMs + measuredMs;
    const isOver = () => Date.now() >= fromMs + measuredMs;
    await expect.poll(isOver, { timeout: warmUpMs + measuredMs + 5 * second }).toBe(true);

    const { [username]: tally } = await provider.report();
    const taken = tally?.takenAtMs.filter(within).length ?? 0;
    const share = taken / ((perSecond * measuredMs) / second);
    expect(share).toBeGreaterThanOrEqual(least);
    // What a full bucket holds at the beginning of the span comes on top.
    expect(share).toBeLessThanOrEqual(1 + 1 / (measuredMs / second));
    expect(refusals(tally)).toBeLessThan(0.05 * (tally?.takenAtMs.length ?? 0));
    expect(settled(relay, 'bounced')).toEqual([]);
    expect(settled(relay, 'delivered').filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(settled(relay, 'deferred').filter(({ attempts }) => attempts !== 0)).toEqual([]);
  });
}

test('one login at a time until the credentials are proven: one refused login in all', async () => {
  const [name, password] = LOGINS.gmail;
  const { relay, provider } = await scene({
    provider: 'gmail',
    credentials: { [name]: { password, revoked: true } },
    account: { limits: { connections: 5 } },
  });
  await submitMany(relay, 100);
  await relay.event('account.held');
  await provider.quiet();
  const { [name]: tally } = await provider.order({ credentials: { [name]: { password } } });
  expect(tally?.loginsRefused).toHaveLength(1);
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await expectAllDelivered(relay, 100);
});

const tooMany = [
  { name: 'ses', connections: 2 },
  { name: 'microsoft365', connections: 1 },
  { name: 'cpanel', connections: 1 },
] as const;

test.each(tooMany)(
  '$name takes fewer connections ($connections): learned, not met again and again',
  async (of) => {
    const given = await scene({
      provider: of.name,
      limits: { connections: of.connections },
      account: { limits: { connections: of.connections + 1, rate: ['1000/s'] } },
    });
    const { relay, provider } = given;
    await submitMany(relay, 100);
    await passWaits(given, () => settled(relay, 'delivered').length === 100);
    await expectAllDelivered(relay, 100);
    expect(told(relay, 'account.paused').length).toBeLessThanOrEqual(3);
    const { [LOGINS[of.name][0]]: tally } = await provider.report();
    expect(refusals(tally)).toBeLessThanOrEqual(3);
  },
);
