import { expect, test } from 'vitest';
import { summaryLines } from '../../../src/policy/summary-text.ts';
import { summaryPlan } from '../../../src/policy/summary-time.ts';

const hour = 3_600_000;
const day = 24 * hour;
const seven = { atMs: 7 * hour, zone: 'Europe/Paris' };
const at = (text: string): number => Date.parse(text);

test.each([
  ['before its time', '2026-11-21T05:59:00Z', null, false, '2026-11-21T06:00:00Z'],
  ['at its time', '2026-11-21T06:00:00Z', '2026-11-20', true, '2026-11-22T06:00:00Z'],
  ['once a day', '2026-11-21T06:01:00Z', '2026-11-21', false, '2026-11-22T06:00:00Z'],
  ['missed, the same day', '2026-11-21T21:00:00Z', '2026-11-19', true, '2026-11-22T06:00:00Z'],
  ['the day of the zone', '2026-11-21T23:30:00Z', '2026-11-21', false, '2026-11-22T06:00:00Z'],
  ['summer begins', '2026-03-28T12:00:00Z', '2026-03-28', false, '2026-03-29T05:00:00Z'],
])('%s', (_, now, last, due, next) => {
  const plan = summaryPlan(seven, last, at(now));
  expect([plan.due, new Date(plan.nextAtMs).toISOString()]).toEqual([
    due,
    next.replace('Z', '.000Z'),
  ]);
});

const nowMs = at('2026-11-21T07:00:00Z');
const account = {
  name: 'gmail',
  state: { is: 'open' },
  heldSenders: [],
  waiting: 0,
  held: 0,
  oldestAtMs: null,
  quotas: [],
  certificateEndsMs: nowMs + 90 * day,
  exceptionEndsMs: null,
  credentials: [],
} as const;
const facts = {
  hostname: 'relay.test',
  sinceMs: nowMs - day,
  nowMs,
  rows: [],
  complete: true,
  failures: [],
  accounts: [account],
  pause: null,
};

test('a quiet day is two words and a number', () => {
  expect(summaryLines(facts)).toEqual([
    'all is well',
    '',
    'Mail accepted in the last 1d:',
    '  none',
  ]);
});

test('a bad day: what needs attention comes first, failures with what can be done', () => {
  const latencyMs = null;
  const counts = { accepted: 9, delivered: 5, bounced: 2, deferred: 4, complained: null };
  const lines = summaryLines({
    ...facts,
    rows: [{ group: { account: 'gmail' }, ...counts, latencyMs }],
    failures: [
      { reason: 'recipient', count: 2, text: '550 5.1.1 \u001b[31mn\u00f6 \r\nsuch user' },
    ],
    accounts: [
      {
        ...account,
        state: {
          is: 'held',
          reason: 'credentials',
          detail: '535 5.7.8 no',
          hint: 'Make a new app password.',
          sinceMs: nowMs - 2 * hour,
          credentialVersion: 'v',
        },
        heldSenders: ['shop@x.example'],
        waiting: 7,
        held: 1,
        oldestAtMs: nowMs - hour,
        quotas: [
          {
            rate: { count: 500, windowMs: day, counts: 'messages', zone: null },
            used: 450,
          },
        ],
        certificateEndsMs: nowMs + 3 * day,
        exceptionEndsMs: nowMs - 1,
        credentials: [
          {
            slot: 'password',
            inUse: true,
            version: 'v',
            firstSeenAtMs: nowMs - 400 * day,
            lastAcceptedAtMs: null,
            refusedAtMs: nowMs - hour,
          },
        ],
      },
    ],
  });
  expect(lines.join('\n')).toBe(`6 things need attention

Needs attention:
  gmail is held for 2h: 535 5.7.8 no Make a new app password.
  gmail may not send as shop@x.example
  the certificate of gmail ends in 3d
  the certificate exception of gmail has ended
  password of gmail was refused
  password of gmail is 400d old

Mail accepted in the last 1d:
  gmail: 9 accepted, 5 delivered, 2 given up, 4 deferrals

Why mail was given up:
  2 x recipient: 550 5.1.1 ?[31mn? ?such user
      The address does not exist or does not take mail: correct it in the app.

Waits now:
  gmail: 7 waiting, the oldest for 1h, 1 held

Limits:
  gmail: 450 of 500/d used`);
});
