import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eximId, fromEximId } from '../../../src/relay/exim-id.ts';
import { messageIdFirstAt, messageIdFromNumber } from '../../../src/relay/message-id.ts';

test('every id has a form that Exim tools accept, and comes back from it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
      const id = messageIdFromNumber(value);
      expect(eximId(id)).toMatch(/^\w{6}-\w{6}-\w{2}$/);
      expect(fromEximId(eximId(id))).toBe(id);
    }),
  );
});

test('the first part is the second of acceptance in base 62, as in Exim', () => {
  // 1tDzVk is 2024-11-20 21:08:56 UTC.
  const seconds = [...'1tDzVk'].reduce(
    (value, digit) =>
      value * 62 + '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.indexOf(digit),
    0,
  );
  expect(eximId(messageIdFirstAt(seconds * 1000))).toBe('1tDzVk-000000-00');
});

test.each([
  ['an id of ours', '1n8f3k2x0q4'],
  ['an id that a real Exim made', '1tDzVk-0003xY-2b'],
  ['more than fits into a second', '1tDzVk-zzzzzz-00'],
  ['more than an id can hold', 'zzzzzz-000000-00'],
  ['nothing', ''],
])('%s is not taken for one', (_, text) => {
  expect(fromEximId(text)).toBeNull();
});
