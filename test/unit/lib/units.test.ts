import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAge, formatDuration, parseDuration } from '../../../src/lib/duration.ts';
import { nearest } from '../../../src/lib/nearest.ts';
import { formatRate, parseRate } from '../../../src/lib/rate.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { formatSize, parseSize } from '../../../src/lib/size.ts';

describe('durations', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['5d', 432_000_000],
    ['250ms', 250],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 m', '-5m', '5min', 'm5', '1.5h', '9999999999999999d'])(
    '%j is not a duration',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  test('formatting is read back exactly', () => {
    fc.assert(fc.property(fc.nat(2 ** 40), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  test('an age shows its two largest units', () => {
    expect(formatAge(((3 * 24 + 4) * 60 + 5) * 60_000)).toBe('3d4h');
    expect(formatAge(8_400)).toBe('8s');
    expect(formatAge(12)).toBe('0s');
  });
});

test('sizes are binary and exact', () => {
  expect(parseSize('25MiB')).toBe(26_214_400);
  expect(parseSize('1.5GiB')).toBe(1_610_612_736);
  expect(['25MB', '25', 'MiB', '-1KiB'].map(parseSize)).toEqual([null, null, null, null]);
  expect(formatSize(26_214_400)).toBe('25MiB');
  expect(formatSize(100)).toBe('100B');
});

test('rates name their window', () => {
  expect(parseRate('20/m')).toEqual({ count: 20, windowMs: 60_000 });
  expect(['20', '0/m', '20/w', '20 / m'].map(parseRate)).toEqual([null, null, null, null]);
  expect(formatRate({ count: 500, windowMs: 86_400_000 })).toBe('500/d');
});

test('the nearest known word is offered only when it can have been meant', () => {
  expect(nearest('hots', ['host', 'port'])).toBe('host');
  expect(nearest('Sender', ['sender', 'senders'])).toBe('sender');
  expect(nearest('completely', ['host', 'port'])).toBeNull();
});

test('a secret is never printed by accident', () => {
  const secret = new Secret('hunter2');
  const printed = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }),
    `${secret}`,
  ];
  expect(printed.join(' ')).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
