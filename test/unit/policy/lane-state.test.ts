import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  mayWork,
  onConnected,
  onReload,
  onSuccess,
  onVerdict,
  worksFrom,
} from '../../../src/policy/lane-state.ts';
import { hold, pause, settle, WAITS } from '../../../src/policy/verdicts.ts';
import type { AccountState } from '../../../src/relay/account.ts';
import type { Verdict } from '../../../src/relay/outcome.ts';

const open: AccountState = { is: 'open' };
const at = (nowMs: number) => ({ nowMs, dice: 0.5, credentialVersion: 'v1', detail: 'because' });
const network = pause('network', WAITS.network);
const quota = pause('quota', WAITS.quota);

describe('verdicts', () => {
  test('only those about the account change its state', () => {
    const state = onVerdict(open, network, at(0));
    for (const verdict of [
      settle('rcpt', 'bounce', 'recipient'),
      settle('mail', 'retry', 'network'),
    ]) {
      expect(onVerdict(state, verdict, at(1))).toBe(state);
    }
  });

  test('a hold remembers why, since when and with which credentials', () => {
    expect(onVerdict(open, hold('credentials'), at(7))).toEqual({
      is: 'held',
      reason: 'credentials',
      detail: 'because',
      sinceMs: 7,
      credentialVersion: 'v1',
    });
  });

  test('a held account stays held whatever attempts still come back with', () => {
    const held = onVerdict(open, hold('suspended'), at(7));
    expect(onVerdict(held, network, at(8))).toBe(held);
    expect(onVerdict(held, hold('credentials'), at(8))).toBe(held);
    expect(onSuccess(held, 9)).toBe(held);
  });

  test('the same failure again pauses longer, the last length repeats', () => {
    let state: AccountState = open;
    let nowMs = 0;
    const lengths: number[] = [];
    for (let occurrence = 0; occurrence < 6; occurrence++) {
      state = onVerdict(state, network, at(nowMs));
      if (state.is !== 'paused') throw new Error('not paused');
      lengths.push(state.untilMs - nowMs);
      expect(state).toMatchObject({ strikes: occurrence + 1, sinceMs: 0, reason: 'network' });
      nowMs = state.untilMs;
    }
    expect(lengths).toEqual([30_000, 120_000, 300_000, 900_000, 900_000, 900_000]);
  });

  test('attempts that fail side by side are one occurrence', () => {
    const first = onVerdict(open, network, at(0));
    const second = onVerdict(first, network, at(10));
    expect(second).toMatchObject({ strikes: 1, untilMs: 30_000, sinceMs: 0 });
  });

  test('another kind of failure starts its own count and cuts no running pause short', () => {
    const first = onVerdict(open, quota, at(0));
    const second = onVerdict(first, network, at(10));
    expect(second).toBe(first);
    const longer = onVerdict(onVerdict(open, network, at(0)), quota, at(10));
    expect(longer).toMatchObject({ reason: 'quota', strikes: 1, untilMs: 30 * 60_000 + 10 });
    const later = onVerdict(first, network, at(31 * 60_000));
    expect(later).toMatchObject({ reason: 'network', strikes: 1, untilMs: 31 * 60_000 + 30_000 });
  });

  test('a pause turns into a hold when the reason does', () => {
    expect(onVerdict(onVerdict(open, network, at(0)), hold('tls'), at(1)).is).toBe('held');
  });
});

describe('success', () => {
  const paused = onVerdict(open, network, at(0));

  test('after the pause it opens the account and the count starts anew', () => {
    expect(onSuccess(paused, 30_000)).toEqual(open);
  });

  test('of an attempt that was under way when the pause began it changes nothing', () => {
    expect(onSuccess(paused, 10)).toBe(paused);
  });

  test('an open account stays as it is', () => {
    expect(onSuccess(open, 0)).toBe(open);
  });
});

describe('a connection', () => {
  test('ends a pause for want of one, once its time is over', () => {
    const paused = onVerdict(open, network, at(0));
    expect(onConnected(paused, 29_999)).toBe(paused);
    expect(onConnected(paused, 30_000)).toEqual(open);
  });

  test('says nothing about a quota or a hold', () => {
    for (const verdict of [quota, hold('tls')]) {
      const stopped = onVerdict(open, verdict, at(0));
      expect(onConnected(stopped, 365 * 86_400_000)).toBe(stopped);
    }
  });
});

describe('reload', () => {
  test('changed credentials open a held account, the same ones do not', () => {
    const held = onVerdict(open, hold('credentials'), at(0));
    expect(onReload(held, 'v1')).toBe(held);
    expect(onReload(held, 'v2')).toEqual(open);
  });

  test('a TLS or network fault may have been mended in relay.yaml', () => {
    expect(onReload(onVerdict(open, hold('tls'), at(0)), 'v1')).toEqual(open);
    expect(onReload(onVerdict(open, network, at(0)), 'v1')).toEqual(open);
  });

  test('a quota is not lifted by editing a file', () => {
    const paused = onVerdict(open, quota, at(0));
    expect(onReload(paused, 'v2')).toBe(paused);
    expect(onReload(open, 'v2')).toBe(open);
  });
});

describe('may the lane work', () => {
  const paused = onVerdict(open, network, at(1_000));

  test('open: now; paused: from its time on; held: not before someone acts', () => {
    expect([mayWork(open, 0), worksFrom(open, 5)]).toEqual([true, 5]);
    expect([mayWork(paused, 30_999), worksFrom(paused, 30_999)]).toEqual([false, 31_000]);
    expect([mayWork(paused, 31_000), worksFrom(paused, 40_000)]).toEqual([true, 40_000]);
    const held = onVerdict(open, hold('credentials'), at(0));
    expect([mayWork(held, Number.MAX_SAFE_INTEGER), worksFrom(held, 1)]).toEqual([false, null]);
  });

  test('a clock set back by a day does not stall it', () => {
    const before = 1_000 - 86_400_000;
    expect(mayWork(paused, before)).toBe(true);
    const again = onVerdict(paused, network, at(before));
    expect([mayWork(again, before), mayWork(again, before + 120_000)]).toEqual([false, true]);
  });
});

describe('whatever happens in whatever order', () => {
  const step = fc.record({
    afterMs: fc.nat(2_000_000),
    what: fc.constantFrom<Verdict | 'success' | 'reload'>(
      network,
      quota,
      pause('throttled', WAITS.throttle),
      hold('credentials'),
      settle('end-of-data', 'bounce', 'content'),
      'success',
      'reload',
    ),
    dice: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  test('a running pause is never shortened, a hold ends by reload alone, a pause always ends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let state: AccountState = open;
        let nowMs = 0;
        for (const { afterMs, what, dice } of steps) {
          nowMs += afterMs;
          const before = state;
          if (what === 'success') state = onSuccess(state, nowMs);
          else if (what === 'reload') state = onReload(state, 'v2');
          else state = onVerdict(state, what, { ...at(nowMs), dice });
          if (before.is === 'held' && what !== 'reload') expect(state).toBe(before);
          if (before.is === 'paused' && state.is === 'paused') {
            expect(state.untilMs).toBeGreaterThanOrEqual(Math.min(before.untilMs, nowMs));
            if (before.untilMs > nowMs) {
              expect(state.untilMs).toBeGreaterThanOrEqual(before.untilMs);
            }
          }
          if (before.is === 'paused' && before.untilMs > nowMs && what === 'success') {
            expect(state).toBe(before);
          }
          if (state.is === 'paused') {
            expect(state.strikes).toBeGreaterThan(0);
            expect(mayWork(state, state.untilMs)).toBe(true);
            expect(state.untilMs - nowMs).toBeLessThanOrEqual(3_600_000 * 1.2);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
