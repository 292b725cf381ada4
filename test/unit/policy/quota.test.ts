import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
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
import type { KeptQuota, Quota } from '../../../src/relay/quota.ts';
import { parseQuotaRate, type QuotaRate } from '../../../src/relay/quota-rate.ts';

const dayMs = 86_400_000;

function rates(...texts: string[]): QuotaRate[] {
  return texts.map((text) => {
    const rate = parseQuotaRate(text);
    if (rate === null) throw new Error(`${text} is no rate`);
    return { ...rate, counts: rate.counts ?? 'messages' };
  });
}

/** Where the wall clock says nothing. */
const wallAheadMs = 0;

/** Counted at those moments, one unit each. */
function sent(limits: readonly QuotaRate[], atMs: readonly number[]): Quota {
  return atMs.reduce(
    (quota, nowMs) => ended(reserved(quota, 1), { recipients: 1, counted: 1, nowMs }),
    underRates(emptyQuota, limits),
  );
}

describe('a window', () => {
  const limits = rates('3/s recipients');

  test('has room for its count, and again when the first has left it', () => {
    const quota = sent(limits, [0, 105, 205]);
    const one = { recipients: 1, nowMs: 300, wallAheadMs };
    expect(freeFrom(sent(limits, [0, 105]), limits, one)).toBe(300);
    expect(freeFrom(quota, limits, one)).toBe(1_010);
    expect(freeFrom(quota, limits, { recipients: 2, nowMs: 300, wallAheadMs })).toBe(1_110);
    expect(freeFrom(quota, limits, { recipients: 1, nowMs: 1_009, wallAheadMs })).toBe(1_010);
    expect(freeFrom(quota, limits, { recipients: 1, nowMs: 1_010, wallAheadMs })).toBe(1_010);
  });

  test('of those that hold at once the narrowest decides', () => {
    const both = rates('3/s recipients', '4/m recipients');
    const quota = sent(both, [0, 0, 0]);
    expect(freeFrom(quota, both, { recipients: 1, nowMs: 5, wallAheadMs })).toBe(1_010);
    expect(freeFrom(quota, both, { recipients: 2, nowMs: 5, wallAheadMs })).toBe(60_600);
    expect(usesOf(quota, both, { nowMs: 1_500, wallAheadMs }).map(({ used }) => used)).toEqual([
      0, 3,
    ]);
  });

  test('weighs what runs, and only its end can free it', () => {
    const recipients = rates('3/s recipients');
    const running = reserved(reserved(underRates(emptyQuota, recipients), 1), 2);
    const from = (quota: Quota, wanted: number) =>
      freeFrom(quota, recipients, { recipients: wanted, nowMs: 9, wallAheadMs });
    expect(from(running, 1)).toBe(Number.POSITIVE_INFINITY);
    const refused = ended(running, { recipients: 1, counted: 0, nowMs: 9 });
    expect(from(refused, 1)).toBe(9);
    const counted = ended(refused, { recipients: 2, counted: 1, nowMs: 9 });
    expect(from(counted, 3)).toBe(1_010);
    expect(from(counted, 2)).toBe(9);
  });

  test('of a day with 50,000 messages stays small', () => {
    const day = rates('50000/d');
    let quota = underRates(emptyQuota, day);
    for (let count = 0; count < 50_000; count++) {
      quota = ended(reserved(quota, 1), { recipients: 1, counted: 1, nowMs: count * 1_700 });
    }
    expect(quota.windows[0]?.buckets.length).toBeLessThanOrEqual(107);
    expect(
      freeFrom(quota, day, { recipients: 1, nowMs: 85_000_000, wallAheadMs }),
    ).toBeGreaterThanOrEqual(dayMs);
  });
});

test('other limits keep the history of the windows they share', () => {
  const quota = underRates(sent(rates('3/s', '9/d'), [0, 0]), rates('5/d', '7/h'));
  const used = usesOf(quota, rates('5/d', '7/h'), { nowMs: 0, wallAheadMs }).map((one) => one.used);
  expect(used).toEqual([2, 0]);
});

test('units are recipients or messages, and one transaction fits into every empty window', () => {
  expect([unitsOf('messages', 9), unitsOf('recipients', 9), unitsOf('messages', 0)]).toEqual([
    1, 9, 0,
  ]);
  const most = (...texts: string[]) => recipientsMax({ rate: rates(...texts), recipients: 50 });
  expect(most('200/d', '14/s')).toBe(50);
  expect(most('200/d', '14/s recipients')).toBe(14);
});

describe('after a restart', () => {
  const limits = rates('3/m recipients');
  const at = { boot: 'b', monotonicMs: 10_000, wallMs: 1_000_000 };
  const kept: KeptQuota = {
    ...sent(limits, [9_900]),
    pending: { messages: 1, recipients: 1 },
    at,
  };

  test.each([
    ['the clock of the boot counts, whatever the wall clock says', 'b', 15_000, 9_000_000, 70_200],
    ['of the machine the wall clock counts', 'c', 500, 1_005_000, 55_700],
    ['of the machine no time has passed when the clock went back', 'c', 500, 3, 60_700],
  ])('%s', (_, boot, monotonicMs, wallMs, freeMs) => {
    const quota = restored(kept, { boot, monotonicMs, wallMs });
    expect(quota.pending).toEqual({ messages: 0, recipients: 0 });
    expect(freeFrom(quota, limits, { recipients: 1, nowMs: monotonicMs, wallAheadMs })).toBe(
      monotonicMs,
    );
    expect(freeFrom(quota, limits, { recipients: 2, nowMs: monotonicMs, wallAheadMs })).toBe(
      freeMs,
    );
  });

  test('what ran may have been counted until now', () => {
    const quota = restored(kept, { ...at, monotonicMs: 15_000 });
    expect(freeFrom(quota, limits, { recipients: 3, nowMs: 15_000, wallAheadMs })).toBe(75_600);
  });
});

test('one transaction weighs on a window of messages and on one of recipients', () => {
  const both = rates('3/d', '7/d recipients');
  const first = ended(reserved(underRates(emptyQuota, both), 4), {
    recipients: 4,
    counted: 3,
    nowMs: 5,
  });
  const now = { nowMs: 5, wallAheadMs };
  expect(usesOf(reserved(first, 2), both, now).map(({ used }) => used)).toEqual([2, 5]);
  expect(freeFrom(first, both, { recipients: 4, ...now })).toBe(5);
  expect(freeFrom(first, both, { recipients: 5, ...now })).toBeGreaterThan(dayMs);
});

describe('a window of the calendar', () => {
  const hourMs = 3_600_000;
  const day = rates('3/d@+02:00');
  const midnightMs = Date.parse('2026-11-21T22:00:00Z');
  const clock = (iso: string, aheadMs = 0) => ({
    nowMs: Date.parse(iso) - aheadMs,
    wallAheadMs: aheadMs,
  });
  const sentAt = (...isos: string[]) =>
    sent(
      day,
      isos.map((iso) => Date.parse(iso)),
    );
  const full = sentAt('2026-11-21T09:00Z', '2026-11-21T09:00Z', '2026-11-21T20:00Z');

  test('has room from its first minute on, whenever it was used', () => {
    const late = clock('2026-11-21T20:30:00Z');
    expect(freeFrom(full, day, { recipients: 1, ...late })).toBe(midnightMs + 60_000);
    expect(usesOf(full, day, late)).toMatchObject([{ used: 3 }]);
    expect(usesOf(full, day, clock('2026-11-21T22:00:30Z'))).toMatchObject([{ used: 3 }]);
    const next = clock('2026-11-21T22:01:00Z');
    expect(usesOf(full, day, next)).toMatchObject([{ used: 0 }]);
    expect(freeFrom(full, day, { recipients: 3, ...next })).toBe(next.nowMs);
  });

  test('feels what went out within a minute of its beginning', () => {
    const edge = sentAt('2026-11-21T21:59:30Z', '2026-11-21T22:00:30Z');
    const next = clock('2026-11-21T22:05:00Z');
    expect(usesOf(edge, day, next)).toMatchObject([{ used: 2 }]);
    expect(freeFrom(edge, day, { recipients: 1, ...next })).toBe(next.nowMs);
  });

  test('only the end of what runs can make room', () => {
    const running = reserved(reserved(reserved(underRates(emptyQuota, day), 1), 1), 1);
    const now = clock('2026-11-21T12:00Z');
    expect(freeFrom(running, day, { recipients: 1, ...now })).toBe(Number.POSITIVE_INFINITY);
  });

  test('a clock that was wrong and is set right has lost nothing', () => {
    // Sent at 20:00; then the clock was four hours ahead for a while.
    const wrong = { nowMs: Date.parse('2026-11-21T20:10Z'), wallAheadMs: 4 * hourMs };
    expect(freeFrom(full, day, { recipients: 1, ...wrong })).toBe(wrong.nowMs);
    const meanwhile = ended(reserved(full, 1), { recipients: 1, counted: 1, nowMs: wrong.nowMs });
    const right = clock('2026-11-21T20:20Z');
    expect(usesOf(meanwhile, day, right)).toMatchObject([{ used: 4 }]);
    expect(freeFrom(meanwhile, day, { recipients: 1, ...right })).toBe(midnightMs + 60_000);
  });

  test('that rolled until a reload keeps its history', () => {
    const before = sent(rates('3/d'), [Date.parse('2026-11-21T09:00Z')]);
    const now = clock('2026-11-21T10:00Z');
    expect(usesOf(underRates(before, day), day, now)).toMatchObject([{ used: 1 }]);
  });

  test('is foretold in whole periods', () => {
    const now = clock('2026-11-21T20:30:00Z', 7);
    const out = (units: number) =>
      outFrom(sentAt('2026-11-21T09:00Z'), day, { units, ...now }) + now.wallAheadMs;
    expect(out(2)).toBe(Date.parse('2026-11-21T20:30:00Z'));
    expect(out(3)).toBe(midnightMs + 60_000);
    expect(out(6)).toBe(midnightMs + 60_000 + dayMs);
  });
});

describe('the forecast', () => {
  test('counts whole windows for what does not fit into one', () => {
    const limits = rates('100/d');
    expect(outFrom(sent(limits, []), limits, { units: 100, nowMs: 7, wallAheadMs })).toBe(7);
    const days = outFrom(sent(limits, []), limits, { units: 350, nowMs: 7, wallAheadMs }) / dayMs;
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
        const limits = rates(`${count}/s`);
        const before = past.slice(0, count).sort((a, b) => a - b);
        let quota = sent(limits, before);
        let nowMs = 990;
        const foretold = outFrom(quota, limits, { units, nowMs, wallAheadMs });
        for (let left = units; left > 0; left--) {
          nowMs = freeFrom(quota, limits, { recipients: 1, nowMs, wallAheadMs });
          quota = ended(reserved(quota, 1), { recipients: 1, counted: 1, nowMs });
        }
        expect(Math.abs(foretold - nowMs)).toBeLessThanOrEqual(10 * Math.ceil(units / count));
      }),
      { numRuns: 1_000 },
    );
  });
});
