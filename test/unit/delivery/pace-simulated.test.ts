import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fixedWindow,
  type Limit,
  type Played,
  play,
  slidingWindow,
  tokenBucket,
} from './paced-upstream.ts';

const second = 1_000;
const minute = 60 * second;

/** Part of the allowed rate that came through after the first half minute. */
function share({ acceptedAtMs }: Played, allowed: number, untilMs: number): number {
  const settled = acceptedAtMs.filter((atMs) => atMs >= minute / 2).length;
  return settled / ((allowed * (untilMs - minute / 2)) / second);
}

describe.each<[string, () => Limit]>([
  ['a token bucket', () => tokenBucket(14)],
  ['a sliding second', () => slidingWindow(14)],
  ['a calendar second', () => fixedWindow(14)],
])('14/s as %s', (_, limit) => {
  test.each([1, 2, 5, 20])(
    'settles between nine tenths and all of it, %i at once',
    (connections) => {
      const untilMs = 20 * minute;
      const played = play({ limit: limit(), connections, untilMs, tookMs: () => 25 });
      expect(share(played, 14, untilMs)).toBeGreaterThan(0.9);
      expect(share(played, 14, untilMs)).toBeLessThanOrEqual(1);
      expect(played.pauses).toBe(0);
      const { acceptedAtMs, refusedAtMs } = played;
      expect(refusedAtMs.length / acceptedAtMs.length).toBeLessThan(0.01);
      // 2,000 that waited at a cold start.
      const lastMs = acceptedAtMs[1_999] ?? 0;
      expect(refusedAtMs.filter((atMs) => atMs <= lastMs).length).toBeLessThan(40);
      expect(2_000 / (lastMs / second)).toBeGreaterThan(0.9 * 14);
    },
  );
});

test('whatever rate, burst, latency and connections: most of the rate, few refusals, no pause', () => {
  const upstreams = fc.record({
    perSecond: fc.integer({ min: 5, max: 100 }),
    burst: fc.integer({ min: 1, max: 10 }),
    connections: fc.integer({ min: 1, max: 20 }),
    tookMs: fc.integer({ min: 2, max: 200 }),
    jitterMs: fc.integer({ min: 0, max: 10 }),
  });
  const property = fc.property(upstreams, ({ perSecond, burst, connections, ...took }) => {
    const tookMs = (started: number) => took.tookMs + ((started * 7_919) % (took.jitterMs + 1));
    const untilMs = 5 * minute;
    const limit = tokenBucket(perSecond, perSecond * burst);
    const played = play({ limit, connections, untilMs, tookMs });
    const possible = Math.min(perSecond, connections / ((took.tookMs + took.jitterMs) / second));
    expect(share(played, possible, untilMs)).toBeGreaterThan(0.85);
    expect(played.pauses).toBe(0);
    expect(played.refusedAtMs.length / played.acceptedAtMs.length).toBeLessThan(0.04);
  });
  fc.assert(property, { numRuns: 100 });
});

test('an upstream that stops for ten minutes is probed by the ladder, and all comes back', () => {
  const bucket = tokenBucket(14);
  const closed = (nowMs: number) => nowMs > 5 * minute && nowMs < 15 * minute;
  const limit: Limit = (nowMs) => !closed(nowMs) && bucket(nowMs);
  const untilMs = 60 * minute;
  const played = play({ limit, connections: 5, untilMs, tookMs: () => 25 });
  const during = played.refusedAtMs.filter(closed);
  expect(during.length).toBeLessThan(20);
  const last = played.acceptedAtMs.filter((atMs) => atMs > 50 * minute).length;
  expect(last).toBeGreaterThan(0.9 * 14 * 600);
});

test('a limit that was raised is found', () => {
  const [slow, fast] = [tokenBucket(5), tokenBucket(50)];
  const limit: Limit = (nowMs) => (nowMs < 10 * minute ? slow(nowMs) : fast(nowMs));
  const played = play({ limit, connections: 10, untilMs: 30 * minute, tookMs: () => 25 });
  const last = played.acceptedAtMs.filter((atMs) => atMs > 25 * minute).length;
  expect(last).toBeGreaterThan(0.9 * 50 * 300);
});
