import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Allowance, makeMeter } from '../../simulator/meter.ts';

const allowances = fc.record({
  amount: fc.integer({ min: 1, max: 20 }),
  perMs: fc.constantFrom(1_000, 60_000, 3_600_000),
  as: fc.constantFrom('rolling', 'calendar', 'bucket'),
}) satisfies fc.Arbitrary<Allowance>;
/** Fractions of the window between one wish and the next, and how many units are wished for. */
const wishes = fc.array(
  fc.record({
    pause: fc.double({ min: 0, max: 1.5, noNaN: true }),
    units: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 60 },
);

interface Taken {
  readonly atMs: number;
  readonly units: number;
}

/** The most that any span allows, by the plain definition. */
function isWithin({ amount, perMs, as }: Allowance, taken: readonly Taken[]): boolean {
  return taken.every(({ atMs }) => {
    const sum = taken
      .filter((other) =>
        as === 'calendar'
          ? Math.floor(other.atMs / perMs) === Math.floor(atMs / perMs)
          : other.atMs <= atMs && other.atMs > atMs - perMs,
      )
      .reduce((total, { units }) => total + units, 0);
    // A bucket that was full gives itself and what flowed in since.
    return sum <= (as === 'bucket' ? 2 : 1) * amount;
  });
}

test('never more than allowed, and what is refused fits at the time that is named', () => {
  fc.assert(
    fc.property(allowances, wishes, (allowance, asked) => {
      const meter = makeMeter(allowance);
      const taken: Taken[] = [];
      let nowMs = 1_800_000_000_000;
      for (const { pause, units } of asked) {
        nowMs += Math.round(pause * allowance.perMs);
        if (meter.fits(units, nowMs)) {
          meter.take(units, nowMs);
          taken.push({ atMs: nowMs, units });
        }
      }
      expect(isWithin(allowance, taken)).toBe(true);
      const freeAtMs = Math.ceil(meter.freeAtMs(nowMs));
      expect(freeAtMs).toBeGreaterThanOrEqual(nowMs);
      expect(meter.fits(1, freeAtMs + 1)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
