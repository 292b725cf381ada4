import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connectionsUnder, fewerConnections } from '../../../src/policy/connection-cap.ts';
import {
  afterAcceptance,
  afterRefusal,
  afterStart,
  floorPerSecond,
  type Pace,
  startsFrom,
} from '../../../src/policy/pace.ts';

const minute = 60_000;

function refusedAt(nowMs: number, acceptedPerSecond: number, pace: Pace | null = null): Pace {
  const next = afterRefusal(pace, { nowMs, begunAtMs: nowMs, acceptedPerSecond });
  if (next === null) throw new Error('as slow as it gets');
  return next;
}

/** Starts whenever it may, until the time. */
function used(from: Pace, nowMs: number, untilMs: number): Pace {
  let pace = from;
  for (let atMs = startsFrom(pace, nowMs); atMs < untilMs; atMs = startsFrom(pace, atMs)) {
    const next = afterStart(pace, 1, atMs);
    if (next === null) throw new Error('outgrown');
    pace = afterAcceptance(next);
  }
  return pace;
}

describe('a refusal', () => {
  test('halves what was measured and rests a second', () => {
    const pace = refusedAt(5_000, 14);
    expect(pace).toMatchObject({ worked: 14, perSecond: 7 });
    expect(startsFrom(pace, 5_000)).toBe(6_000);
  });

  test('of a transaction that began before the last cut changes nothing', () => {
    const pace = refusedAt(5_000, 14);
    const late = { nowMs: 5_200, begunAtMs: 4_990, acceptedPerSecond: 14 };
    expect(afterRefusal(pace, late)).toBe(pace);
  });

  test('after another without anything accepted halves on, and forgets not what worked', () => {
    const pace = refusedAt(6_000, 0, refusedAt(5_000, 14));
    expect(pace).toMatchObject({ worked: 14, perSecond: 3.5 });
  });

  test('at the lowest rate is answered with null: only a pause is left', () => {
    let pace = refusedAt(0, 0);
    expect(pace.perSecond).toBe(floorPerSecond);
    pace = afterAcceptance(pace);
    const again = { nowMs: 9_000, begunAtMs: 8_000, acceptedPerSecond: 0.2 };
    expect(afterRefusal(pace, again)).toBeNull();
  });

  test('soon after the last one takes a tenth off, whatever was measured', () => {
    const pace = used(refusedAt(0, 14), 0, 5_000);
    const { worked } = refusedAt(5_000, 3, pace);
    expect(worked).toBeGreaterThan(12);
    expect(worked).toBeLessThan(13);
  });
});

describe('what follows a refusal', () => {
  /** Not the first: that one is a guess and outgrown sooner. */
  const cut = refusedAt(minute, 14, used(refusedAt(0, 14), 0, 20_000));

  test('is back just below what worked within seconds', () => {
    expect(cut.worked).toBeLessThanOrEqual(14);
    const { perSecond } = used(cut, minute, minute + 4_000);
    expect(perSecond).toBeGreaterThan(0.94 * cut.worked);
    expect(perSecond).toBeLessThan(0.96 * cut.worked);
  });

  test('reaches what worked after a minute more, twice that much later, and at last forgets it', () => {
    const minuteLater = used(cut, minute, 2 * minute + 4_000).perSecond;
    expect(minuteLater / cut.worked).toBeCloseTo(1, 2);
    const later = used(cut, minute, 3 * minute).perSecond;
    expect(later / cut.worked).toBeLessThan(1.15);
    expect(() => used(cut, minute, 20 * minute)).toThrow('outgrown');
  });

  test('stays where it is while nobody asks for more', () => {
    let pace = used(cut, minute, minute + 4_000);
    const { perSecond } = pace;
    for (let at = 2; at < 60; at++) pace = afterStart(pace, 1, at * minute) ?? pace;
    expect(pace.perSecond).toBe(perSecond);
  });

  test('a late start is made up for, hours without work are not', () => {
    const pace = used(cut, minute, minute + 4_000);
    const late = startsFrom(pace, 0) + 20;
    const next = afterStart(pace, 1, late);
    expect((next?.nextAtMs ?? 0) - pace.nextAtMs).toBeCloseTo(1_000 / pace.perSecond, 6);
    const muchLater = afterStart(pace, 1, 90 * minute);
    expect(muchLater?.nextAtMs).toBeGreaterThan(90 * minute);
  });
});

test('whatever happens: not below the floor, never back in time, and never more than one cut at once', () => {
  const step = fc.record({
    is: fc.constantFrom('start', 'accept', 'refuse'),
    afterMs: fc.integer({ min: 0, max: 20_000 }),
    units: fc.integer({ min: 1, max: 100 }),
    begunBeforeMs: fc.integer({ min: 0, max: 30_000 }),
    measured: fc.double({ min: 0, max: 1_000, noNaN: true }),
  });
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    let pace: Pace | null = null;
    let nowMs = 0;
    for (const { is, afterMs, units, begunBeforeMs, measured } of steps) {
      nowMs += afterMs;
      const before: Pace | null = pace;
      if (is === 'refuse') {
        const begunAtMs = nowMs - begunBeforeMs;
        const next = afterRefusal(pace, { nowMs, begunAtMs, acceptedPerSecond: measured });
        if (next === null) expect(before?.perSecond).toBe(floorPerSecond);
        pace = next ?? pace;
        if (before !== null && begunAtMs < before.cutAtMs) expect(pace).toBe(before);
        else if (before !== null && pace !== before) {
          expect(pace?.perSecond).toBeLessThan(before.perSecond);
        }
      } else if (pace !== null) {
        if (is === 'start') nowMs = startsFrom(pace, nowMs);
        pace = is === 'start' ? afterStart(pace, units, nowMs) : afterAcceptance(pace);
      }
      if (pace === null) continue;
      expect(pace.perSecond).toBeGreaterThanOrEqual(floorPerSecond);
      expect(pace.worked).toBeGreaterThanOrEqual(floorPerSecond);
      expect(Number.isFinite(pace.nextAtMs)).toBe(true);
      if (is === 'start') expect(startsFrom(pace, nowMs)).toBeGreaterThanOrEqual(nowMs);
    }
  });
  fc.assert(property, { numRuns: 1_000 });
});

describe('connections', () => {
  test('one less than were in use, one more every five minutes, never more than configured', () => {
    const cap = fewerConnections(5, 4, 0);
    expect(connectionsUnder(cap, 5, 0)).toBe(4);
    expect(connectionsUnder(fewerConnections(10, 2, 0), 10, 0)).toBe(2);
    expect(connectionsUnder(cap, 5, 5 * minute)).toBe(5);
    expect(connectionsUnder(cap, 5, 500 * minute)).toBe(5);
    expect(connectionsUnder(null, 5, 0)).toBe(5);
  });

  test('the only one that may be cannot be spared', () => {
    expect(fewerConnections(1, 0, 0)).toBeNull();
    expect(fewerConnections(2, 0, 0)?.connections).toBe(1);
    // Others that began before the cap are still running.
    expect(fewerConnections(1, 2, 0)?.connections).toBe(1);
  });
});
