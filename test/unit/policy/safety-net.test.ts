import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply, type Reply } from '../../../src/mail/reply.ts';
import { classify } from '../../../src/policy/classify.ts';
import {
  CAUGHT,
  isEvidence,
  mayConcernAccount,
  onRefusal,
  refusalText,
} from '../../../src/policy/safety-net.ts';
import { mayFailOver } from '../../../src/policy/verdicts.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import type { Phase } from '../../../src/relay/outcome.ts';
import type { Refusals } from '../../../src/relay/refusals.ts';

function reply(raw: string): Reply {
  const parsed = parseReply(raw);
  if (parsed === null) throw new Error(`no reply: ${raw}`);
  return parsed;
}

describe('the words of a refusal', () => {
  const alike = [
    [
      '550 5.7.1 Your message <1n8f3k2x0q4@a.example> to bob@b.example was blocked',
      '550 5.7.1 Your message <2n8f3k2x0q5@a.example> to eve@c.example was blocked',
    ],
    [
      '554 5.7.0 Rejected at 12:03:11, ticket F6A1-77B2 (mx1.provider.example)',
      '554 5.7.0 Rejected at 12:04:57, ticket 09C4-12AA (mx7.provider.example)',
    ],
    ['550-5.7.1 Not\r\n550 5.7.1 allowed', '550 5.7.1 not allowed'],
    ['550 Rejected [10.0.0.1] id=1h0pQC-000E4S-A1', '550 Rejected [10.9.8.7] id=1h0pQD-000E9S-B1'],
    ['554 Message rejected: 550 5.7.1 no', '554 Message rejected: 551 5.7.2 no'],
  ] as const;
  test.each(alike)('%j and %j are the same', (a, b) => {
    expect(refusalText(reply(a))).toBe(refusalText(reply(b)));
    expect(refusalText(reply(a))).not.toBe('');
  });

  test('other words are others', () => {
    const [a, b] = ['550 5.7.1 Sender blocked', '550 5.7.1 Content blocked'].map(reply);
    expect(a && refusalText(a)).not.toBe(b && refusalText(b));
  });
});

describe('what may concern the account', () => {
  const yes: [Phase, string][] = [
    ['end-of-data', '550 5.7.1 Message rejected by policy'],
    ['end-of-data', '554 Transaction failed'],
    ['rcpt', '550 5.7.1 Administrative prohibition'],
    ['rcpt', '554 Recipient address rejected: Access denied'],
    ['mail', '554 5.7.0 no'],
    ['data', '550 This is refused'],
  ];
  const no: [Phase, string][] = [
    ['rcpt', '550 5.1.1 no'],
    ['rcpt', '550 5.1.2 no'],
    ['rcpt', '550 5.1.3 no'],
    ['rcpt', '550 5.1.6 no'],
    ['rcpt', '556 5.1.10 no'],
    ['rcpt', '550 5.2.1 no'],
    ['end-of-data', '552 5.2.2 over quota'],
    ['rcpt', '550 No such user here'],
    ['rcpt', '550 User unknown'],
    ['rcpt', '550 mailbox <a@b.example> does not exist'],
    ['rcpt', '553 invalid recipient address'],
    ['end-of-data', '552 Message is too long.'],
    ['end-of-data', '554 5.3.4 too big'],
    ['mail', '555 SIZE?'],
    ['rcpt', '550 5.6.7 no SMTPUTF8'],
    ['end-of-data', '554 5.6.3 conversion needed'],
  ];
  const concerns = (phase: Phase, raw: string, provider?: string): boolean => {
    const rules = provider === undefined ? [] : replyRulesOf(provider);
    const seen = { phase, reply: reply(raw), recipients: 1, acceptedRecipients: 1 };
    const { reason } = classify({ ...seen, recipient: 'r@b.example' }, rules);
    return mayConcernAccount({ phase, reply: reply(raw), reason }, rules);
  };
  test.each(yes)('%s %s may', (phase, raw) => expect(concerns(phase, raw)).toBe(true));
  test.each(no)('%s %s does not', (phase, raw) => expect(concerns(phase, raw)).toBe(false));

  test('the rules of the provider are asked', () => {
    const sandbox =
      '554 Message rejected: Email address is not verified. The following identities failed the ' +
      'check in region EU-WEST-3: r@b.example';
    expect(concerns('end-of-data', sandbox, 'ses')).toBe(false);
    expect(concerns('rcpt', '553 <r@b.example> address unknown', 'ses')).toBe(false);
  });
});

const id = (n: number) => String(n).padStart(11, '0') as MessageId;

function refuse(steps: readonly (readonly [number, string, number])[], version = 'v') {
  let refusals: Refusals | null = null;
  return steps.map(([message, text, nowMs]) => {
    const counted = onRefusal(refusals, { id: id(message), text, nowMs }, version);
    refusals = counted.refusals;
    return counted.trips;
  });
}

describe('the count', () => {
  test('three different messages in a row', () => {
    const steps = [1, 2, 3, 4].map((n) => [n, 'a', n] as const);
    expect(refuse(steps)).toEqual([false, false, true, true]);
  });

  test('the same message three times is one', () => {
    expect(refuse([1, 1, 1].map((n) => [n, 'a', n] as const))).toEqual([false, false, false]);
  });

  test('other words between them: five within an hour', () => {
    const steps = Array.from({ length: 9 }, (_, n) => [n, n % 2 === 0 ? 'a' : `b${n}`, n] as const);
    expect(refuse(steps).indexOf(true)).toBe(8);
    const slow = steps.map(([n, text]) => [n, text, n * 900_000] as const);
    expect(refuse(slow)).not.toContain(true);
  });

  test('the null reverse-path is evidence only beside other mail', () => {
    const { refusals } = onRefusal(null, { id: id(1), text: 'a', nowMs: 0 }, 'v');
    expect(isEvidence(null, '', 'a')).toBe(false);
    expect(isEvidence(refusals, '', 'b')).toBe(false);
    expect(isEvidence(refusals, '', 'a')).toBe(true);
    expect(isEvidence(null, 'a@b.example', 'a')).toBe(true);
  });

  test('other credentials begin anew', () => {
    const { refusals } = onRefusal(null, { id: id(1), text: 'a', nowMs: 0 }, 'old');
    const two = onRefusal(refusals, { id: id(2), text: 'a', nowMs: 0 }, 'new');
    expect(two.refusals.seen).toHaveLength(1);
  });

  test('never below three messages, always at three in a row, bounded', () => {
    const step = fc.tuple(fc.nat(40), fc.constantFrom('a', 'b', 'c'), fc.nat(10_000_000));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const trips = refuse(steps);
        steps.forEach(([, text], at) => {
          const so = steps.slice(0, at + 1);
          const same = so.filter((one) => one[1] === text);
          if (new Set(same.map(([n]) => n)).size < 3) expect(trips[at]).toBe(false);
          // Messages that had these words before the run do not make it longer.
          const from = so.findLastIndex((one) => one[1] !== text) + 1;
          const earlier = new Set(same.slice(0, same.length - (so.length - from)).map(([n]) => n));
          const run = new Set(so.slice(from).map(([n]) => n));
          if ([...run].filter((n) => !earlier.has(n)).length >= 3) expect(trips[at]).toBe(true);
        });
        let refusals: Refusals | null = null;
        for (const [n, text, nowMs] of steps) {
          refusals = onRefusal(refusals, { id: id(n), text, nowMs }, 'v').refusals;
          expect(refusals.seen.length).toBeLessThanOrEqual(32);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

test('the verdict holds the account, and no other account gets the mail', () => {
  expect(CAUGHT).toMatchObject({ scope: 'account', action: 'hold', reason: 'refusals' });
  expect(mayFailOver(CAUGHT)).toBe(false);
});
