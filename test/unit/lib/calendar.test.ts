import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTimeZone, periodAround } from '../../../src/lib/calendar.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function period(at: string, lengthMs: number, zone: string): string[] {
  const { fromMs, untilMs } = periodAround(Date.parse(at), lengthMs, zone);
  return [fromMs, untilMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
}

test.each([
  ['UTC', '2026-11-21T00:00Z', ['2026-11-21T00:00', '2026-11-22T00:00']],
  ['UTC', '2026-11-21T23:59Z', ['2026-11-21T00:00', '2026-11-22T00:00']],
  ['+02:00', '2026-11-21T22:00Z', ['2026-11-21T22:00', '2026-11-22T22:00']],
  ['-08:00', '2026-11-21T07:59Z', ['2026-11-20T08:00', '2026-11-21T08:00']],
  // The clocks go back, and forward: a day of 25 hours and one of 23.
  ['Europe/Paris', '2026-10-25T12:00Z', ['2026-10-24T22:00', '2026-10-25T23:00']],
  ['America/Los_Angeles', '2026-03-08T20:00Z', ['2026-03-08T08:00', '2026-03-09T07:00']],
])('a day in %s around %s', (zone, at, expected) => {
  expect(period(at, dayMs, zone)).toEqual(expected);
});

test('an hour follows the clocks of its zone', () => {
  expect(period('2026-11-21T10:15Z', hourMs, 'UTC')).toEqual([
    '2026-11-21T10:00',
    '2026-11-21T11:00',
  ]);
  expect(period('2026-11-21T10:15Z', hourMs, 'Asia/Kolkata')).toEqual([
    '2026-11-21T09:30',
    '2026-11-21T10:30',
  ]);
});

test('every instant lies in its day, and days follow one another without a gap', () => {
  const zones = fc.constantFrom('UTC', '+05:45', 'Europe/Paris', 'America/Los_Angeles');
  const instants = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2040-01-01') });
  fc.assert(
    fc.property(zones, instants, (zone, atMs) => {
      const { fromMs, untilMs } = periodAround(atMs, dayMs, zone);
      expect(fromMs).toBeLessThanOrEqual(atMs);
      expect(untilMs).toBeGreaterThan(atMs);
      expect(periodAround(untilMs, dayMs, zone).fromMs).toBe(untilMs);
      expect(periodAround(fromMs - 1, dayMs, zone).untilMs).toBe(fromMs);
    }),
    { numRuns: 1_000 },
  );
});

test('time zones are those that the machine knows', () => {
  expect(['UTC', '+02:00', 'Europe/Paris'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['Z', 'Paris', '+2', ''].map(isTimeZone)).toEqual([false, false, false, false]);
});
