import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  currentCertificate,
  nextStepAtMs,
  onHandshake,
  onTime,
  type Watched,
} from '../../../src/policy/certificate-watch.ts';
import type { Account, TlsException } from '../../../src/relay/account.ts';
import type { CertificateMemory, SeenCertificate } from '../../../src/relay/certificate.ts';
import { account } from './fixtures.ts';

const day = 86_400_000;
const end = 100 * day;
const plain = account('gmail');

function certificate(key: string, validToMs = end, serial = '1'): SeenCertificate {
  return {
    fingerprint: `${key}:${serial}`,
    subject: 'CN=smtp.example',
    issuer: 'CN=ca',
    names: ['smtp.example'],
    validFromMs: 0,
    validToMs,
    pin: key,
    chain: [{ subject: 'CN=ca', validToMs: 1_000 * day, pin: 'ca' }],
  };
}

function withException(exception: Partial<TlsException> = {}): Account {
  const whole = { allow: ['expired'], reason: 'asked', untilMs: end, ...exception } as const;
  return { ...plain, tls: { ...plain.tls, exception: whole } };
}

const said = ({ events }: Watched) =>
  events.map((event) => ('daysLeft' in event ? `${event.is} ${event.daysLeft}` : event.is));

/** Looks at each time in turn and gives what was said at it. */
function sayings(before: CertificateMemory | null, of: Account, timesMs: readonly number[]) {
  let memory = before;
  return timesMs.map((nowMs) => {
    const watched = onTime(memory, of, nowMs);
    memory = watched.memory;
    return said(watched).join();
  });
}

describe('the end of a certificate', () => {
  const { memory } = onHandshake(null, certificate('a'), plain, 0);

  test('is announced at 21, 7 and 1 days, once each', () => {
    const times = [78, 79, 80, 92, 93, 94, 98, 99, 99.5, 100, 101].map((days) => days * day);
    expect(sayings(memory, plain, times)).toEqual([
      '',
      'certificate.expiring 21',
      '',
      '',
      'certificate.expiring 7',
      '',
      '',
      'certificate.expiring 1',
      '',
      '',
      '',
    ]);
  });

  test('steps that were slept through are said as one', () => {
    expect(sayings(memory, plain, [98 * day, 99 * day])).toEqual([
      'certificate.expiring 2',
      'certificate.expiring 1',
    ]);
    expect(sayings(memory, plain, [200 * day, 201 * day])).toEqual(['certificate.expiring 0', '']);
  });

  test('is announced by a handshake too, and names the pin and the server', () => {
    const { events, changed } = onHandshake(memory, certificate('a'), plain, 95 * day);
    expect(changed).toBe(true);
    expect(events).toEqual([
      {
        is: 'certificate.expiring',
        account: 'gmail',
        server: 'smtp.example:587',
        subject: 'CN=smtp.example',
        pin: 'sha256//a',
        validToMs: end,
        daysLeft: 5,
        lastSeenAtMs: 95 * day,
      },
    ]);
  });

  test('a renewal starts anew', () => {
    const warned = onTime(memory, plain, 99 * day).memory;
    const renewed = onHandshake(warned, certificate('a', 2 * end, '2'), plain, 99 * day);
    expect(said(renewed)).toEqual([]);
    expect(currentCertificate(renewed.memory)?.validToMs).toBe(2 * end);
    expect(sayings(renewed.memory, plain, [101 * day, 180 * day])).toEqual([
      '',
      'certificate.expiring 20',
    ]);
  });
});

describe('another key', () => {
  const first = onHandshake(null, certificate('a'), plain, 0);

  test('is an event with the old and the new pin; the first sight is none', () => {
    expect(first.events).toEqual([]);
    const { events } = onHandshake(first.memory, certificate('b'), plain, 1);
    expect(events).toEqual([
      {
        is: 'certificate.changed',
        account: 'gmail',
        server: 'smtp.example:587',
        oldPin: 'sha256//a',
        newPin: 'sha256//b',
        issuer: 'CN=ca',
        validToMs: end,
      },
    ]);
  });

  test('machines that take turns with their keys are said once', () => {
    let { memory } = first;
    let changes = 0;
    for (let at = 1; at <= 50; at++) {
      const watched = onHandshake(memory, certificate('abc'.charAt(at % 3)), plain, at);
      memory = watched.memory;
      changes += watched.events.length;
    }
    expect(changes).toBe(2);
  });

  test('of another host is no change, and its former end is forgotten', () => {
    const moved: Account = { ...plain, host: 'smtp2.example' };
    expect(sayings(first.memory, moved, [99 * day])).toEqual(['']);
    expect(onHandshake(first.memory, certificate('b', 2 * end), moved, 1).events).toEqual([]);
  });

  test('what is remembered is bounded', () => {
    let memory: CertificateMemory | null = null;
    for (let at = 0; at < 100; at++) {
      memory = onHandshake(memory, certificate(`key ${at}`), plain, at).memory;
    }
    expect(memory?.certificates).toHaveLength(16);
    expect(memory && currentCertificate(memory)?.pin).toBe('key 99');
  });

  test('a sight alone is written down once a day', () => {
    expect(first.changed).toBe(true);
    expect(onHandshake(first.memory, certificate('a'), plain, day - 1).changed).toBe(false);
    expect(onHandshake(first.memory, certificate('a'), plain, day).changed).toBe(true);
  });
});

describe('the end of an exception', () => {
  test('is announced 14, 7 and 1 days ahead and at the end, without any handshake', () => {
    const times = [85, 86, 92.5, 93, 99, 99.5, 100, 100.5].map((days) => days * day);
    expect(sayings(null, withException(), times)).toEqual([
      '',
      'tls.exception-ending 14',
      '',
      'tls.exception-ending 7',
      'tls.exception-ending 1',
      '',
      'tls.exception-ending 0',
      '',
    ]);
  });

  test('one that is put off is announced anew, one that is taken away is forgotten', () => {
    const { memory } = onTime(null, withException(), 99 * day);
    expect(sayings(memory, withException({ untilMs: 2 * end }), [99 * day, 199 * day])).toEqual([
      '',
      'tls.exception-ending 1',
    ]);
    const gone = onTime(memory, plain, 99 * day);
    expect(gone).toMatchObject({ events: [], changed: true, memory: { exception: null } });
  });
});

test('nothing to remember is not written down', () => {
  expect(onTime(null, plain, 0).changed).toBe(false);
  expect(nextStepAtMs(null, plain, 0)).toBeNull();
});

test('whoever wakes at the next step, and at no other time, hears every step exactly once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 120 * day }),
      fc.integer({ min: 0, max: 120 * day }),
      fc.integer({ min: 0, max: 150 * day }),
      (validToMs, untilMs, startMs) => {
        const of = withException({ untilMs });
        const first = onHandshake(null, certificate('a', validToMs), of, startMs);
        const heard = [...first.events];
        let { memory } = first;
        let nowMs = startMs;
        for (let at = nextStepAtMs(memory, of, nowMs); at !== null; ) {
          nowMs = at;
          const watched = onTime(memory, of, nowMs);
          expect(watched.events.length).toBeGreaterThan(0);
          expect(onTime(watched.memory, of, nowMs).events).toEqual([]);
          heard.push(...watched.events);
          memory = watched.memory;
          at = nextStepAtMs(memory, of, nowMs);
        }
        const steps = (endMs: number, days: number[]) => {
          const ahead = days.filter((one) => endMs - one * day > startMs).length;
          return ahead + (ahead < days.length ? 1 : 0);
        };
        expect(heard.length).toBe(steps(validToMs, [21, 7, 1]) + steps(untilMs, [14, 7, 1, 0]));
      },
    ),
    { numRuns: 1_000 },
  );
});
