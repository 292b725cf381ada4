import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clampDue,
  inDoubtDue,
  inDoubtWaitMs,
  latestDue,
  nextAttempt,
} from '../../../src/policy/schedule.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const retryMs = [1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * minute);
const fresh = { acceptedAtMs: 0, expiresAtMs: 5 * day, retryMs };

describe('the next attempt (RFC 5321 section 4.5.4.1)', () => {
  test.each([
    [1, 1 * minute],
    [2, 5 * minute],
    [7, 240 * minute],
    // The last interval repeats.
    [8, 240 * minute],
    [40, 240 * minute],
    // An attempt that did not count waits like the first.
    [0, 1 * minute],
  ])('after %i attempts it waits %i ms', (attempts, waitMs) => {
    const next = nextAttempt({ ...fresh, attempts, nowMs: hour, dice: 0.5 });
    expect(next).toEqual({ is: 'retry', dueAtMs: hour + waitMs });
  });

  test('chance shortens or lengthens it by a fifth at most', () => {
    const due = (dice: number) => nextAttempt({ ...fresh, attempts: 2, nowMs: 0, dice });
    expect(due(0)).toEqual({ is: 'retry', dueAtMs: 4 * minute });
    expect(due(1)).toEqual({ is: 'retry', dueAtMs: 6 * minute });
  });

  test('what reaches beyond the lifetime is cut to one last attempt before its end', () => {
    const oneTimeCode = { acceptedAtMs: 0, expiresAtMs: 30 * minute, retryMs };
    const next = nextAttempt({ ...oneTimeCode, attempts: 4, nowMs: 21 * minute, dice: 0.5 });
    expect(next).toEqual({ is: 'retry', dueAtMs: 29 * minute });
    const last = nextAttempt({ ...oneTimeCode, attempts: 5, nowMs: 29 * minute, dice: 0.5 });
    expect(last).toEqual({ is: 'expired' });
  });

  test('a lifetime that is over is over', () => {
    const next = nextAttempt({ ...fresh, attempts: 3, nowMs: 5 * day, dice: 0.5 });
    expect(next).toEqual({ is: 'expired' });
  });

  test('a clock that was ahead at acceptance does not stretch the lifetime', () => {
    const ahead = { acceptedAtMs: day, expiresAtMs: day + hour, retryMs };
    const next = nextAttempt({ ...ahead, attempts: 7, nowMs: 0, dice: 0.5 });
    expect(next).toEqual({ is: 'retry', dueAtMs: hour - minute });
  });

  const plan = fc.record({
    retryMs: fc.array(fc.integer({ min: 1, max: 6 * hour }), { minLength: 1, maxLength: 8 }),
    lifetimeMs: fc.integer({ min: 1, max: 6 * day }),
    dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  test('every due time lies ahead, within the lifetime and within the interval', () => {
    fc.assert(
      fc.property(plan, fc.nat(20), fc.nat(6 * day), (given, attempts, nowMs) => {
        const { retryMs: intervals, lifetimeMs, dice } = given;
        const next = nextAttempt({
          attempts,
          acceptedAtMs: 0,
          expiresAtMs: lifetimeMs,
          nowMs,
          retryMs: intervals,
          dice,
        });
        const first = intervals[0] ?? 0;
        if (next.is === 'expired') {
          // Given up only when less than one interval and the spare minute were left.
          const longest = Math.max(...intervals);
          expect(lifetimeMs - nowMs).toBeLessThanOrEqual(longest * 1.2 + first + 1);
          return;
        }
        expect(next.dueAtMs).toBeGreaterThanOrEqual(nowMs);
        expect(next.dueAtMs).toBeLessThan(lifetimeMs);
        expect(next.dueAtMs - nowMs).toBeLessThanOrEqual(Math.max(...intervals) * 1.2 + 1);
        expect(clampDue(next.dueAtMs, nowMs, intervals)).toBe(next.dueAtMs);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a peer that never takes it is tried until close to the end, and then no more', () => {
    fc.assert(
      fc.property(plan, ({ lifetimeMs, dice }) => {
        let nowMs = 0;
        for (let attempts = 1; attempts < 1_000; attempts++) {
          const input = {
            attempts,
            acceptedAtMs: 0,
            expiresAtMs: lifetimeMs,
            nowMs,
            retryMs,
            dice,
          };
          const next = nextAttempt(input);
          if (next.is === 'expired') {
            expect(lifetimeMs - nowMs).toBeLessThanOrEqual(2 * minute);
            return;
          }
          nowMs = next.dueAtMs;
        }
        throw new Error('it never ended');
      }),
    );
  });
});

test('an attempt in doubt waits 15 minutes and never less (RFC 1047)', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (dice) => {
      const waitMs = inDoubtDue(1_000, dice) - 1_000;
      return waitMs >= inDoubtWaitMs && waitMs <= inDoubtWaitMs * 1.2;
    }),
  );
});

describe('a clock set back', () => {
  test('a due time no schedule could have given is due now', () => {
    expect(clampDue(day + hour, hour, retryMs)).toBe(hour);
    expect(clampDue(hour + 240 * minute * 1.2, hour, retryMs)).toBe(hour + 240 * minute * 1.2);
    expect(clampDue(0, hour, retryMs)).toBe(0);
  });

  test('what is in doubt may wait longer than a short schedule', () => {
    expect(latestDue(0, [1_000])).toBe(inDoubtWaitMs * 1.2);
    expect(clampDue(inDoubtDue(0, 0.99), 0, [1_000])).toBe(inDoubtDue(0, 0.99));
  });
});
