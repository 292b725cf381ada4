import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRate, type Rate } from '../../../src/lib/rate.ts';
import {
  emptyQuota,
  ended,
  freeFrom,
  outFrom,
  recipientsMax,
  reserved,
  restored,
  underRates,
  unitsOf,
  usesOf,
} from '../../../src/policy/quota.ts';
import type { AccountLimits } from '../../../src/relay/account.ts';
import type { KeptQuota, Quota } from '../../../src/relay/quota.ts';

const dayMs = 86_400_000;

function rates(...texts: string[]): Rate[] {
  return texts.map((text) => parseRate(text)).filter((rate) => rate !== null);
}

/** Counted at those moments, one unit each. */
function sent(limits: readonly Rate[], atMs: readonly number[]): Quota {
  return atMs.reduce(
    (quota, nowMs) => ended(reserved(quota, 1), { units: 1, counted: 1, nowMs }),
    underRates(emptyQuota, limits),
  );
}

describe('a window', () => {
  const limits = rates('3/s');

  test('has room for its count, and again when the first has left it', () => {
    const quota = sent(limits, [0, 105, 205]);
    const one = { units: 1, nowMs: 300 };
    expect(freeFrom(sent(limits, [0, 105]), limits, one)).toBe(300);
    expect(freeFrom(quota, limits, one)).toBe(1_010);
    expect(freeFrom(quota, limits, { units: 2, nowMs: 300 })).toBe(1_110);
    expect(freeFrom(quota, limits, { units: 1, nowMs: 1_009 })).toBe(1_010);
    expect(freeFrom(quota, limits, { units: 1, nowMs: 1_010 })).toBe(1_010);
  });

  test('of those that hold at once the narrowest decides', () => {
    const both = rates('3/s', '4/m');
    const quota = sent(both, [0, 0, 0]);
    expect(freeFrom(quota, both, { units: 1, nowMs: 5 })).toBe(1_010);
    expect(freeFrom(quota, both, { units: 2, nowMs: 5 })).toBe(60_600);
    expect(usesOf(quota, both, 1_500).map(({ used }) => used)).toEqual([0, 3]);
  });

  test('weighs what runs, and only its end can free it', () => {
    const running = reserved(underRates(emptyQuota, limits), 3);
    expect(freeFrom(running, limits, { units: 1, nowMs: 9 })).toBe(Number.POSITIVE_INFINITY);
    const refused = ended(running, { units: 1, counted: 0, nowMs: 9 });
    expect(freeFrom(refused, limits, { units: 1, nowMs: 9 })).toBe(9);
    const counted = ended(running, { units: 3, counted: 2, nowMs: 9 });
    expect(freeFrom(counted, limits, { units: 2, nowMs: 9 })).toBe(1_010);
  });

  test('of a day with 50,000 messages stays small', () => {
    const day = rates('50000/d');
    let quota = underRates(emptyQuota, day);
    for (let count = 0; count < 50_000; count++) {
      quota = ended(reserved(quota, 1), { units: 1, counted: 1, nowMs: count * 1_700 });
    }
    expect(quota.windows[0]?.buckets.length).toBeLessThanOrEqual(102);
    expect(freeFrom(quota, day, { units: 1, nowMs: 85_000_000 })).toBeGreaterThanOrEqual(dayMs);
  });
});

test('other limits keep the history of the windows they share', () => {
  const quota = underRates(sent(rates('3/s', '9/d'), [0, 0]), rates('5/d', '7/h'));
  const used = usesOf(quota, rates('5/d', '7/h'), 0).map((one) => one.used);
  expect(used).toEqual([2, 0]);
});

test('units are recipients or messages, and one transaction fits into every empty window', () => {
  const limits = { rate: rates('200/d', '14/s'), recipients: 50 } as unknown as AccountLimits;
  expect(unitsOf({ ...limits, counts: 'messages' }, 9)).toBe(1);
  expect(unitsOf({ ...limits, counts: 'recipients' }, 9)).toBe(9);
  expect(recipientsMax({ ...limits, counts: 'messages' })).toBe(50);
  expect(recipientsMax({ ...limits, counts: 'recipients' })).toBe(14);
});

describe('after a restart', () => {
  const limits = rates('3/m');
  const at = { boot: 'b', monotonicMs: 10_000, wallMs: 1_000_000 };
  const kept: KeptQuota = { ...sent(limits, [9_900]), pending: 1, at };

  test.each([
    ['the clock of the boot counts, whatever the wall clock says', 'b', 15_000, 9_000_000, 70_200],
    ['of the machine the wall clock counts', 'c', 500, 1_005_000, 55_700],
    ['of the machine no time has passed when the clock went back', 'c', 500, 3, 60_700],
  ])('%s', (_, boot, monotonicMs, wallMs, freeMs) => {
    const quota = restored(kept, { boot, monotonicMs, wallMs });
    expect(quota.pending).toBe(0);
    expect(freeFrom(quota, limits, { units: 1, nowMs: monotonicMs })).toBe(monotonicMs);
    expect(freeFrom(quota, limits, { units: 2, nowMs: monotonicMs })).toBe(freeMs);
  });

  test('what ran may have been counted until now', () => {
    const quota = restored(kept, { ...at, monotonicMs: 15_000 });
    expect(freeFrom(quota, limits, { units: 3, nowMs: 15_000 })).toBe(75_600);
  });
});

describe('the forecast', () => {
  test('counts whole windows for what does not fit into one', () => {
    const limits = rates('100/d');
    expect(outFrom(sent(limits, []), limits, { units: 100, nowMs: 7 })).toBe(7);
    const days = outFrom(sent(limits, []), limits, { units: 350, nowMs: 7 }) / dayMs;
    expect(days).toBeGreaterThan(3);
    expect(days).toBeLessThan(3.1);
  });

  test('is what sending as fast as allowed comes to', () => {
    const some = fc.record({
      count: fc.integer({ min: 1, max: 5 }),
      past: fc.array(fc.nat(990), { maxLength: 5 }),
      units: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(some, ({ count, past, units }) => {
        const limits = [{ count, windowMs: 1_000 }];
        const before = past.slice(0, count).sort((a, b) => a - b);
        let quota = sent(limits, before);
        let nowMs = 990;
        const foretold = outFrom(quota, limits, { units, nowMs });
        for (let left = units; left > 0; left--) {
          nowMs = freeFrom(quota, limits, { units: 1, nowMs });
          quota = ended(reserved(quota, 1), { units: 1, counted: 1, nowMs });
        }
        expect(Math.abs(foretold - nowMs)).toBeLessThanOrEqual(10 * Math.ceil(units / count));
      }),
      { numRuns: 1_000 },
    );
  });
});
