import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReply } from '../../../src/mail/reply.ts';
import { classify, classifyFault, reasonOf } from '../../../src/policy/classify.ts';
import type { Seen } from '../../../src/policy/seen.ts';
import type { NetworkFault, Phase, Verdict } from '../../../src/relay/outcome.ts';
import { REASON_CLASSES } from '../../../src/relay/outcome.ts';
import type { ReplyRule } from '../../../src/relay/reply-rule.ts';

/** What the tables of the tests call a verdict: `account pause`, `recipient bounce`. */
function short(verdict: Verdict): string {
  return `${verdict.scope} ${verdict.action}`;
}

function seen(phase: Phase, raw: string, more: Partial<Seen> = {}): Seen {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(`not a reply: ${raw}`);
  return { phase, reply, recipients: 1, acceptedRecipients: phase === 'rcpt' ? 0 : 1, ...more };
}

const BEFORE_MAIL: readonly Phase[] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth'];

describe('before MAIL nothing is a message’s fault', () => {
  test.each([
    ['greeting', '421 too busy', 'account pause'],
    ['greeting', '554 5.7.1 no SMTP service for you', 'account pause'],
    ['greeting', '550 blocked', 'account pause'],
    ['greeting', '521 5.3.2 this host never accepts mail', 'account hold'], // RFC 7504
    ['ehlo', '502 what?', 'account pause'],
    ['ehlo', '550 5.7.1 bad HELO name', 'account pause'],
    ['ehlo', '450 4.7.1 later', 'account pause'],
    ['starttls', '454 4.7.0 TLS not available', 'account pause'], // RFC 3207 section 4
    ['starttls', '554 no TLS today', 'account pause'],
    ['starttls', '530 5.7.0 encryption required', 'account hold'],
    ['auth', '535 5.7.8 Username and Password not accepted', 'account hold'],
    ['auth', '534 5.7.9 Application-specific password required', 'account hold'],
    ['auth', '538 5.7.11 encryption required', 'account hold'],
    ['auth', '525 5.7.13 user account disabled', 'account hold'],
    ['auth', '504 5.7.4 Unrecognized Authentication Type', 'account hold'],
    ['auth', '550 whatever', 'account hold'],
    ['auth', '432 a password transition is needed', 'account hold'], // RFC 4954 section 4.7.1
    ['auth', '454 4.7.0 Temporary authentication failure', 'account pause'],
    ['auth', '451 4.3.0 later', 'account pause'],
    ['auth', '421 4.7.0 bye', 'account pause'],
  ] as const)('%s %s: %s', (phase, raw, expected) => {
    expect(short(classify(seen(phase, raw)))).toBe(expected);
  });

  test('whatever the code, status and text', () => {
    const detail = fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...BEFORE_MAIL),
        fc.integer({ min: 400, max: 599 }),
        fc.option(detail),
        fc.constantFrom('', 'no such user', 'mailbox full', 'not owned by user', 'spam'),
        (phase, code, status, text) => {
          const written = status === null ? '' : `${Math.trunc(code / 100)}.${status.join('.')} `;
          const verdict = classify(seen(phase, `${code} ${written}${text}`));
          return verdict.scope === 'account';
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('enhanced status codes (RFC 3463, IANA registry)', () => {
  test.each([
    // [phase, 4.x verdict, 5.x verdict, details]
    ['rcpt', 'recipient retry', 'recipient bounce', '0.0'],
    ['end-of-data', 'message retry', 'message bounce', '0.0'],
    ['rcpt', 'recipient retry', 'recipient bounce', '1.0 1.1 1.2 1.3 1.4 1.6 1.9 1.10'],
    ['mail', 'message retry', 'message bounce', '1.0'],
    ['mail', 'message retry', 'sender hold', '1.7 1.8'],
    ['rcpt', 'recipient retry', 'recipient bounce', '2.0 2.1 2.2 2.3 2.4'],
    ['end-of-data', 'account pause', 'message bounce', '3.0 3.1 3.2 3.5'],
    ['mail', 'message retry', 'message bounce', '3.3 3.4'],
    ['mail', 'message retry', 'message retry', '3.6'],
    ['rcpt', 'recipient retry', 'recipient bounce', '4.0 4.1 4.3 4.4'],
    ['end-of-data', 'message retry', 'message retry', '4.0 4.1 4.3 4.4'],
    ['rcpt', 'message reconnect', 'recipient bounce', '4.2'],
    ['rcpt', 'account pause', 'account pause', '4.5'],
    ['end-of-data', 'account pause', 'account pause', '4.5'],
    ['end-of-data', 'message retry', 'message bounce', '4.6 4.7'],
    ['mail', 'message reconnect', 'message reconnect', '5.0 5.1 5.2 5.4 5.5 5.6'],
    ['end-of-data', 'message retry', 'message bounce', '6.0 6.1 6.2 6.3 6.4 6.5 6.6'],
    ['end-of-data', 'message retry', 'message bounce', '6.7 6.8 6.9 6.10'],
    ['rcpt', 'recipient retry', 'recipient bounce', '7.0'],
    ['end-of-data', 'message retry', 'message bounce', '7.0'],
    ['rcpt', 'account pause', 'recipient bounce', '7.1'],
    ['mail', 'account pause', 'sender hold', '7.1'],
    ['end-of-data', 'account pause', 'message bounce', '7.1'],
    ['rcpt', 'recipient retry', 'recipient bounce', '7.2'],
    ['end-of-data', 'message retry', 'message bounce', '7.3 7.4 7.5 7.6 7.7 7.15 7.16'],
    ['mail', 'account pause', 'account hold', '7.8 7.9 7.11 7.12'],
    ['mail', 'message retry', 'account hold', '7.10 7.14'],
    ['rcpt', 'recipient retry', 'recipient bounce', '7.13'],
    ['mail', 'message retry', 'account hold', '7.13'],
    ['rcpt', 'recipient retry', 'recipient bounce', '7.17 7.18 7.19'],
    [
      'end-of-data',
      'message retry',
      'message bounce',
      '7.20 7.21 7.22 7.23 7.24 7.25 7.26 7.27 7.29 7.30',
    ],
    ['end-of-data', 'account pause', 'message bounce', '7.28'],
    // Unknown ones say what the reply code says (RFC 3463 section 2).
    ['rcpt', 'recipient retry', 'recipient bounce', '1.99 7.133 9.9'],
    ['end-of-data', 'message retry', 'message bounce', '7.520'],
  ] as const)('%s: 4.x %s, 5.x %s for %s', (phase, temporary, permanent, details) => {
    for (const detail of details.split(' ')) {
      const judged = ['450 4', '550 5'].map((head) =>
        short(classify(seen(phase, `${head}.${detail} so they say`))),
      );
      expect([detail, ...judged]).toEqual([detail, temporary, permanent]);
    }
  });

  test('on conflict the reply code decides the class', () => {
    expect(short(classify(seen('rcpt', '550 4.1.1 who?')))).toBe('recipient bounce');
    expect(short(classify(seen('rcpt', '450 5.1.1 who?')))).toBe('recipient retry');
  });

  test('a recipient status after DATA may mean one of several: they are sent one by one', () => {
    const raw = '550 5.1.1 no such user';
    expect(short(classify(seen('end-of-data', raw, { acceptedRecipients: 3 })))).toBe(
      'message split',
    );
    expect(short(classify(seen('end-of-data', raw)))).toBe('message bounce');
  });
});

describe('too many recipients (RFC 5321 section 4.5.3.1.10)', () => {
  test.each([
    ['452 4.5.3 too many recipients', 100, 50, 'message split'],
    ['550 5.5.3 Too many recipients', 100, 50, 'message split'],
    ['452 4.5.3 Recipient limit exceeded', 100, 50, 'message split'],
    ['452 4.5.3 too many recipients', 1, 0, 'recipient retry'],
    ['550 5.5.3 Too many recipients', 1, 0, 'recipient bounce'],
    ['452 too many recipients', 100, 50, 'message split'],
    ['452 try later', 100, 0, 'recipient retry'],
    ['552 too many recipients', 100, 50, 'message split'],
    ['552 too many recipients', 1, 0, 'recipient bounce'],
    ['552 mailbox full', 100, 50, 'recipient bounce'],
  ] as const)(
    '%s to one of %i with %i accepted: %s',
    (raw, recipients, acceptedRecipients, expected) => {
      const verdict = classify(seen('rcpt', raw, { recipients, acceptedRecipients }));
      expect(short(verdict)).toBe(expected);
    },
  );
});

describe('reply codes without enhanced status', () => {
  test.each([
    // [code, MAIL, RCPT, end of data]
    [432, 'account pause', 'account pause', 'account pause'],
    [450, 'message retry', 'recipient retry', 'message retry'],
    [451, 'message retry', 'recipient retry', 'message retry'],
    [452, 'account pause', 'recipient retry', 'message retry'],
    [454, 'account pause', 'account pause', 'account pause'],
    [455, 'message retry', 'recipient retry', 'message retry'],
    [499, 'message retry', 'recipient retry', 'message retry'],
    [500, 'message reconnect', 'recipient bounce', 'message bounce'],
    [501, 'message reconnect', 'recipient bounce', 'message bounce'],
    [502, 'message reconnect', 'recipient bounce', 'message bounce'],
    [503, 'message reconnect', 'message reconnect', 'message reconnect'],
    [504, 'message reconnect', 'recipient bounce', 'message bounce'],
    [521, 'message bounce', 'recipient bounce', 'message bounce'],
    [523, 'account hold', 'account hold', 'account hold'],
    [530, 'account hold', 'account hold', 'account hold'],
    [534, 'account hold', 'account hold', 'account hold'],
    [535, 'account hold', 'account hold', 'account hold'],
    [538, 'account hold', 'account hold', 'account hold'],
    [550, 'sender hold', 'recipient bounce', 'message bounce'],
    [551, 'sender hold', 'recipient bounce', 'message bounce'],
    [552, 'message bounce', 'recipient bounce', 'message bounce'],
    [553, 'sender hold', 'recipient bounce', 'message bounce'],
    [554, 'sender hold', 'recipient bounce', 'message bounce'],
    [555, 'message bounce', 'recipient bounce', 'message bounce'],
    [556, 'message bounce', 'recipient bounce', 'message bounce'],
    [599, 'message bounce', 'recipient bounce', 'message bounce'],
  ] as const)('%i: MAIL %s, RCPT %s, end of data %s', (code, mail, rcpt, data) => {
    const judged = (['mail', 'rcpt', 'end-of-data'] as const).map((phase) =>
      short(classify(seen(phase, `${code} because`))),
    );
    expect(judged).toEqual([mail, rcpt, data]);
  });

  test.each([
    ['mail', '550 Unauthenticated senders not allowed'],
    ['rcpt', '550 Please turn on SMTP Authentication in your mail client'],
    ['rcpt', '550 relay not permitted'],
    ['rcpt', '550 5.7.1 Relaying denied'],
    ['end-of-data', '550 5.7.1 Invalid credentials for relay'],
    ['end-of-data', '550 5.7.0 Mail relay denied'],
  ] as const)('%s %s is about our login', (phase, raw) => {
    const verdict = classify(seen(phase, raw));
    expect([short(verdict), verdict.reason]).toEqual(['account hold', 'credentials']);
  });

  test('the name of a relay host is not a refusal to relay', () => {
    const raw = '550 5.7.1 <a@b.example>: rejected by relay.example.org';
    expect(short(classify(seen('rcpt', raw)))).toBe('recipient bounce');
    expect(short(classify(seen('rcpt', '550 5.7.1 rejected by my-relay')))).toBe(
      'recipient bounce',
    );
  });

  test('greylisting concerns one recipient, not the account', () => {
    expect(short(classify(seen('rcpt', '450 4.7.1 Greylisted, come back')))).toBe(
      'recipient retry',
    );
  });
});

describe('a new connection is tried once', () => {
  test.each([
    ['mail', '421 4.3.2 closing', 'account pause'], // RFC 5321 section 3.8
    ['rcpt', '421 4.7.0 Try again later, closing connection', 'account pause'],
    ['end-of-data', '421 going down', 'account pause'],
    ['rcpt', '451 4.4.2 Timeout - closing connection', 'recipient retry'],
    ['mail', '503 5.5.1 bad sequence', 'message bounce'],
    ['mail', '503 5.7.0 No identity changes permitted', 'message bounce'],
    ['mail', '501 5.5.4 syntax', 'message bounce'],
    ['mail', '451 4.5.0 protocol', 'message retry'],
    ['data', '250 not what was asked', 'message retry'],
    ['end-of-data', '354 go on', 'message retry'],
  ] as const)('%s %s, and then: %s', (phase, raw, then) => {
    expect(short(classify(seen(phase, raw)))).toBe('message reconnect');
    expect(short(classify(seen(phase, raw, { reconnects: 1 })))).toBe(then);
  });

  test('a reply to QUIT means nothing for anybody', () => {
    expect(short(classify(seen('quit', '550 5.7.1 no')))).toBe('message reconnect');
  });
});

test('the provider’s rules go before everything generic', () => {
  const rules: readonly ReplyRule[] = [
    { phases: ['mail'], codes: [550], text: /mailbox unavailable/i, judgement: ['retry', null] },
  ];
  const asked = seen('mail', '550 Request failed; Mailbox unavailable');
  expect(short(classify(asked))).toBe('sender hold');
  expect(short(classify(asked, rules))).toBe('message retry');
  expect(reasonOf({ from: 'peer', phase: 'mail', reply: asked.reply }, rules)).toBe('sender');
});

test('every verdict is complete: a hint for people, growing waits, a known reason', () => {
  const texts = ['', 'daily limit', 'account suspended', 'SendAsDenied', 'too many connections'];
  const phases: readonly Phase[] = [...BEFORE_MAIL, 'mail', 'rcpt', 'data', 'end-of-data', 'quit'];
  fc.assert(
    fc.property(
      fc.constantFrom(...phases),
      fc.integer({ min: 200, max: 599 }),
      fc.option(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 30 }))),
      fc.constantFrom(...texts),
      fc.integer({ min: 0, max: 2 }),
      (phase, code, status, text, reconnects) => {
        const detail = status === null ? null : (`${status[0]}.${status[1]}` as const);
        const reply = { code, detail, text };
        const verdict = classify({
          phase,
          reply,
          recipients: 2,
          acceptedRecipients: 1,
          reconnects,
        });
        expect(REASON_CLASSES).toContain(verdict.reason);
        if ('hint' in verdict) expect(verdict.hint).toMatch(/^[A-Z].*\.$/s);
        if (verdict.action === 'pause') {
          expect(verdict.waitsMs.length).toBeGreaterThan(0);
          expect([...verdict.waitsMs].sort((a, b) => a - b)).toEqual(verdict.waitsMs);
        }
        if (verdict.action === 'reconnect' && phase !== 'quit') expect(reconnects).toBe(0);
      },
    ),
    { numRuns: 5_000 },
  );
});

describe('failures without a reply', () => {
  const FAULTS: readonly NetworkFault[] = [
    'resolve',
    'refused',
    'timeout',
    'reset',
    'protocol',
    'other',
  ];

  test('before MAIL the account pauses, longer each time', () => {
    for (const fault of FAULTS) {
      for (const phase of BEFORE_MAIL) {
        const verdict = classifyFault(fault, phase);
        expect(short(verdict)).toBe('account pause');
        expect(verdict).toMatchObject({ waitsMs: [30_000, 120_000, 300_000, 900_000] });
      }
    }
  });

  test('a certificate that does not satisfy the policy holds the account', () => {
    expect(classifyFault('tls', 'starttls')).toMatchObject({
      scope: 'account',
      action: 'hold',
      reason: 'tls',
      hint: expect.stringContaining('certificate'),
    });
  });

  test('between MAIL and the final dot the message is tried again', () => {
    for (const phase of ['mail', 'rcpt', 'data'] as const) {
      expect(classifyFault('reset', phase)).toEqual({
        scope: 'message',
        action: 'retry',
        reason: 'network',
      });
    }
  });

  test('after the final dot nobody knows (RFC 1047)', () => {
    expect(classifyFault('timeout', 'end-of-data').reason).toBe('in-doubt');
  });
});

test('causes are counted under a reason', () => {
  const peer = (phase: Phase, raw: string) => {
    const { reply } = seen(phase, raw);
    return reasonOf({ from: 'peer', phase, reply });
  };
  expect(peer('rcpt', '550 5.1.1 who')).toBe('recipient');
  expect(peer('end-of-data', '554 spam')).toBe('content');
  expect(peer('auth', '535 no')).toBe('credentials');
  expect(peer('rcpt', '451 later')).toBe('upstream');
  expect(peer('end-of-data', '550 5.4.5 Daily user sending limit exceeded')).toBe('quota');
  const detail = '';
  expect(reasonOf({ from: 'network', phase: 'connect', fault: 'resolve', detail })).toBe('network');
  expect(reasonOf({ from: 'network', phase: 'starttls', fault: 'tls', detail })).toBe('tls');
  expect(reasonOf({ from: 'network', phase: 'end-of-data', fault: 'reset', detail })).toBe(
    'in-doubt',
  );
  expect(reasonOf({ from: 'us', reason: 'needs-smtputf8', detail })).toBe('capability');
  expect(reasonOf({ from: 'us', reason: 'cancelled', detail })).toBe('operator');
});

describe('too much of something is answered with less of it before anything pauses', () => {
  test.each<[Phase, string, string | undefined]>([
    ['end-of-data', '454 Throttling failure: Maximum sending rate exceeded', 'rate'],
    ['end-of-data', '421 4.4.2 Message submission rate for this client has exceeded', 'rate'],
    ['mail', '432 4.3.2 slow down', 'rate'],
    ['mail', '432 4.3.2 Concurrent connections limit exceeded.', 'connections'],
    ['end-of-data', '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded', 'connections'],
    ['greeting', '421 4.4.5 - Too many connections from your host', 'connections'],
    ['auth', '454 4.7.0 Too many login attempts, please try again later.', undefined],
    ['end-of-data', '454 Throttling failure: Daily message quota exceeded', undefined],
  ])('%s %s: %s', (phase, raw, slower) => {
    const verdict = classify(seen(phase, raw));
    expect(short(verdict)).toBe('account pause');
    expect('slower' in verdict ? verdict.slower : undefined).toBe(slower);
  });
});
