import { expect, test } from 'vitest';
import {
  exhausted,
  isDiskLow,
  laneView,
  noStall,
  relayStallAfter,
  stallAfter,
} from '../../../src/policy/stall.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import type { LaneCount } from '../../../src/relay/queue.ts';

const minute = 60_000;
const T0 = Date.UTC(2026, 10, 21, 12);
const afterMs = 15 * minute;
const look = { due: 3, excused: false, deliveredAtMs: null, nowMs: T0, afterMs };

test('mail that is due without a delivery stalls after a while, and a delivery ends it', () => {
  const begun = stallAfter(noStall, look);
  expect(begun).toEqual({ sinceMs: T0, said: false });
  expect(stallAfter(begun, { ...look, nowMs: T0 + afterMs - 1 }).said).toBe(false);
  const stalled = stallAfter(begun, { ...look, nowMs: T0 + afterMs });
  expect(stalled).toEqual({ sinceMs: T0, said: true });
  const nowMs = T0 + afterMs + minute;
  expect(stallAfter(stalled, { ...look, nowMs, deliveredAtMs: nowMs - 1 })).toEqual({
    sinceMs: nowMs - 1,
    said: false,
  });
  expect(stallAfter(stalled, { ...look, nowMs, due: 0 })).toEqual(noStall);
  // What came before the mail was due is no progress.
  expect(stallAfter(stalled, { ...look, nowMs, deliveredAtMs: T0 - 1 }).said).toBe(true);
});

test('while an excuse is there nothing begins and nothing ends', () => {
  const begun = stallAfter(noStall, look);
  expect(stallAfter(begun, { ...look, excused: true, nowMs: T0 + afterMs })).toEqual(noStall);
  const stalled = { sinceMs: T0, said: true };
  expect(stallAfter(stalled, { ...look, excused: true })).toEqual(stalled);
});

test('a clock that was set back lets a stall begin anew', () => {
  const begun = stallAfter(noStall, look);
  expect(stallAfter(begun, { ...look, nowMs: T0 - minute }).sinceMs).toBe(T0 - minute);
});

const perDay = { count: 10, windowMs: 86_400_000, counts: 'messages', zone: null } as const;
const waiting: LaneCount = {
  lane: 'a',
  state: 'waiting',
  recipients: 4,
  oldestAcceptedAtMs: T0 - minute,
  nextDueAtMs: T0 + minute,
};
const paused: AccountState = {
  is: 'paused',
  untilMs: T0 + minute,
  reason: 'network',
  detail: 'connection refused',
  sinceMs: T0,
  strikes: 1,
};
const held: AccountState = {
  is: 'held',
  reason: 'credentials',
  detail: '535',
  sinceMs: T0,
  credentialVersion: 'v',
};
const facts = {
  counts: [waiting],
  state: { is: 'open' } as AccountState,
  quotas: [],
  failuresInARow: 4,
  deliveredAtMs: null,
  allPaused: false,
};

test.each([
  ['not due yet', {}, 0, null],
  ['due', { counts: [{ ...waiting, nextDueAtMs: T0 }] }, 4, null],
  ['being tried', { counts: [{ ...waiting, state: 'leased', nextDueAtMs: null }] }, 4, null],
  ['held mail', { counts: [{ ...waiting, state: 'held', nextDueAtMs: null }] }, 0, null],
  ['paused by an outage', { state: paused }, 4, null],
  ['paused by a quota', { state: { ...paused, reason: 'quota' } }, 4, 'quota'],
  ['held', { state: held }, 4, 'held'],
  ['its own limit', { quotas: [{ rate: perDay, used: 10 }] }, 0, 'limit'],
  ['deferred message by message', { failuresInARow: 5 }, 4, null],
  ['all paused', { allPaused: true }, 0, 'paused'],
] as const)('%s', (_, more, due, excuse) => {
  const view = laneView('a', { ...facts, ...more } as typeof facts, T0);
  expect(view).toMatchObject({ due, excuse });
});

test('the relay stands still when two accounts or more do, and no other delivers', () => {
  const stalled = { sinceMs: T0, said: true };
  const all = { stalls: [stalled, stalled], due: 5, deliveredAtMs: null };
  const said = relayStallAfter(noStall, all);
  expect(said).toEqual(stalled);
  expect(relayStallAfter(noStall, { ...all, stalls: [stalled] })).toEqual(noStall);
  expect(relayStallAfter(noStall, { ...all, stalls: [stalled, noStall] })).toEqual(noStall);
  expect(relayStallAfter(noStall, { ...all, deliveredAtMs: T0 + 1 })).toEqual(noStall);
  expect(relayStallAfter(said, { ...all, stalls: [] })).toEqual(said);
  expect(relayStallAfter(said, { ...all, deliveredAtMs: T0 + 1 })).toEqual(noStall);
  expect(relayStallAfter(said, { ...all, due: 0 })).toEqual(noStall);
});

test('a long window that is full is used up until there is plainly room again', () => {
  const full = { rate: perDay, used: 10 };
  const perMinute = { rate: { ...perDay, windowMs: minute }, used: 10 };
  expect(exhausted([full, perMinute], () => false)).toEqual([full]);
  const nearly = { rate: perDay, used: 9 };
  expect(exhausted([nearly], () => true)).toEqual([nearly]);
  expect(exhausted([nearly], () => false)).toEqual([]);
  expect(exhausted([{ rate: perDay, used: 8 }], () => true)).toEqual([]);
});

test('a disk is low before mail is refused, and enough a little later', () => {
  expect(isDiskLow(399, 200, false)).toBe(true);
  expect(isDiskLow(400, 200, false)).toBe(false);
  expect(isDiskLow(499, 200, true)).toBe(true);
  expect(isDiskLow(500, 200, true)).toBe(false);
});
