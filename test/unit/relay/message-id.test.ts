import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  messageIdFromNumber,
  messageIdSource,
  messageIdToNumber,
} from '../../../src/relay/message-id.ts';

test('an id and its number are the same thing', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const id = messageIdFromNumber(value);
      return (
        id.length === 11 &&
        messageIdToNumber(id) === value &&
        messageIdToNumber(id.toUpperCase()) === value
      );
    }),
  );
});

test('ids sort as text the way their numbers sort', () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      fc.maxSafeNat(),
      (a, b) => messageIdFromNumber(a) < messageIdFromNumber(b) === a < b,
    ),
  );
});

test.each(['', 'abc', '0123456789', '0123456789abc', 'uuuuuuuuuuu', 'zzzzzzzzzzz'])(
  '%j is not an id',
  (text) => {
    expect(messageIdToNumber(text)).toBeNull();
  },
);

test('ids only grow, however the clock goes and however many are drawn', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2 ** 40), { minLength: 2, maxLength: 50 }),
      fc.nat(2 ** 50),
      (times, lastUsed) => {
        let now = 0;
        const next = messageIdSource(() => now, lastUsed);
        const ids = times.map((time) => {
          now = time;
          return next();
        });
        const numbers = ids.map((id) => messageIdToNumber(id) ?? 0);
        return numbers.every(
          (value, index) => value > (index === 0 ? lastUsed : (numbers[index - 1] ?? 0)),
        );
      },
    ),
  );
});
