import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply } from '../../../src/mail/reply.ts';
import { classify } from '../../../src/policy/classify.ts';
import { onVerdict } from '../../../src/policy/lane-state.ts';
import { endOfPause, namedEnd, pauseMaxMs, spreadMs } from '../../../src/policy/pause-end.ts';
import type { AccountState } from '../../../src/relay/account.ts';

const minute = 60_000;
const hour = 60 * minute;
const open: AccountState = { is: 'open' };

/** Until when the account pauses after this reply. */
function pausedUntil(provider: string, raw: string, nowMs: number): number {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(raw);
  const phase = raw.includes('max emails') ? 'rcpt' : 'end-of-data';
  const seen = { phase, reply, recipients: 1, acceptedRecipients: 1 } as const;
  const verdict = classify(seen, replyRulesOf(provider));
  const context = { nowMs, dice: 0, credentialVersion: 'v1', detail: raw };
  const state = onVerdict(open, verdict, context);
  if (state.is !== 'paused') throw new Error(state.is);
  return state.untilMs;
}

describe('the time that a provider names is kept', () => {
  const limit = (date: string) =>
    `421 Domain mg.shop.example is not allowed to send: recipient limit exceeded, try again after ${date}`;

  test('a date', () => {
    const nowMs = Date.UTC(2025, 9, 5, 18, 0, 0);
    expect(pausedUntil('mailgun', limit('Sun, 05 Oct 2025 19:22:44 UTC'), nowMs)).toBe(
      Date.UTC(2025, 9, 5, 19, 22, 44),
    );
  });

  test('a date that has passed says nothing, one far ahead is probed once a day', () => {
    const nowMs = Date.UTC(2025, 9, 6);
    const past = pausedUntil('mailgun', limit('Sun, 05 Oct 2025 19:22:44 UTC'), nowMs);
    expect(past - nowMs).toBe(24 * minute);
    const far = pausedUntil('mailgun', limit('Sun, 05 Oct 2031 19:22:44 UTC'), nowMs);
    expect(far - nowMs).toBe(24 * hour);
  });

  test('a number of seconds', () => {
    const raw = '421 account-requests-per-sec limit exceeded, try again after 120 seconds';
    expect(pausedUntil('mailgun', raw, 5_000)).toBe(125_000);
  });

  test('the next full hour, a whole one when it has just begun', () => {
    const raw = '550 Domain d.example has exceeded the max emails per hour (51/50 (102%)) allowed.';
    expect(pausedUntil('cpanel', raw, 7 * hour + 59 * minute)).toBe(8 * hour);
    expect(pausedUntil('cpanel', raw, 7 * hour)).toBe(8 * hour);
  });
});

test('a date without its zone, nonsense, and no time at all are not read', () => {
  expect(namedEnd({ until: 'Sun, 05 Oct 2025 19:22:44' })).toEqual({});
  expect(namedEnd({ until: 'soon UTC' })).toEqual({});
  expect(namedEnd({})).toEqual({});
  expect(namedEnd({ hours: '1', minutes: '30' })).toEqual({
    until: { is: 'after', ms: 90 * minute },
  });
});

test('whatever a text says, a pause ends after now and within a day', () => {
  const end = fc.oneof(
    fc.record({ is: fc.constant('at' as const), ms: fc.integer() }),
    fc.record({ is: fc.constant('after' as const), ms: fc.double({ min: 1, noNaN: true }) }),
    fc.constant({ is: 'next-hour' } as const),
  );
  const dice = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(end, fc.nat(4e12), dice, (until, nowMs, chance) => {
      const endMs = endOfPause(until, { nowMs, dice: chance });
      if (endMs === null) return;
      expect(endMs).toBeGreaterThan(nowMs);
      expect(endMs).toBeLessThanOrEqual(nowMs + pauseMaxMs + spreadMs);
    }),
    { numRuns: 1000 },
  );
});
