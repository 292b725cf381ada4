import { expect, test } from 'vitest';
import { facts, table } from '../../../src/cli/table.ts';
import { displayWidth, jsonLine, shorten } from '../../../src/cli/text.ts';
import { accountState, address, until } from '../../../src/cli/words.ts';
import { printable } from '../../../src/lib/printable.ts';

test.each([
  ['an escape sequence', '\x1b[31mred\x07', '\\x1b[31mred\\x07'],
  ['C1 controls', 'a\x9b31m', 'a\\x9b31m'],
  ['line ends', 'a\r\nFAKE', 'a\\x0d\\x0aFAKE'],
  ['text that reorders text', 'a\u202eexe.b', 'a\\u202eexe.b'],
  ['ordinary text', 'Grüße, 日本', 'Grüße, 日本'],
])('%s is printed harmlessly', (_, given, shown) => {
  expect(printable(given)).toBe(shown);
});

test('JSON carries the same text and no control character', () => {
  const text = 'a\x1b\x9b\u202e\x7fb';
  expect(jsonLine(text)).toBe('"a\\u001b\\u009b\\u202e\\u007fb"\n');
  expect(JSON.parse(jsonLine(text))).toBe(text);
});

test('wide characters count twice and combining ones not at all', () => {
  expect(displayWidth('日本')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(shorten('日本語', 5)).toBe('日本…');
  expect(shorten('short', 5)).toBe('short');
});

test('columns are aligned and only those that may are cut', () => {
  const head = [
    { title: 'NAME' },
    { title: 'N', align: 'right' as const },
    { title: 'WHY', shrinkTo: 5 },
  ];
  const rows = [
    ['a', '1', 'because it is so'],
    ['longer', '22', 'x'],
  ];
  expect(table(head, rows, 80)).toBe(
    'NAME     N  WHY\na        1  because it is so\nlonger  22  x\n',
  );
  expect(table(head, rows, 20)).toBe('NAME     N  WHY\na        1  because…\nlonger  22  x\n');
  expect(table(head, rows, 3)).toBe('NAME     N  WHY\na        1  beca…\nlonger  22  x\n');
});

test('facts without a value are left out', () => {
  expect(
    facts([
      ['Name', 'x'],
      ['Reason', null],
      ['Size', '4KiB'],
    ]),
  ).toBe('Name: x\nSize: 4KiB\n');
});

test('times are said in words', () => {
  expect(until(5000, 1000)).toBe('in 4s');
  expect(until(1000, 5000)).toBe('now');
  expect(address('')).toBe('<>');
  const paused = { reason: 'quota', detail: '', sinceMs: 0, strikes: 1, untilMs: 3_600_000 };
  expect(accountState({ is: 'paused', ...paused }, 0)).toBe('paused, tries again in 1h');
});
