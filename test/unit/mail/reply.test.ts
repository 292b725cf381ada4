import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enhancedStatus, formatReply, parseReply, replyTextMax } from '../../../src/mail/reply.ts';

describe('reply parsing (RFC 5321 section 4.2, RFC 2034)', () => {
  test('a plain reply without enhanced status', () => {
    expect(parseReply('250 Ok 0100017')).toEqual({ code: 250, detail: null, text: 'Ok 0100017' });
  });

  test('a multiline reply is one text, its status taken once', () => {
    const raw =
      '550-5.4.5 Daily user sending limit exceeded.\r\n550 5.4.5  For more information - gsmtp';
    expect(parseReply(raw)).toEqual({
      code: 550,
      detail: '4.5',
      text: 'Daily user sending limit exceeded. For more information - gsmtp',
    });
  });

  test('a version number in the text is not an enhanced status', () => {
    expect(parseReply('220 mail.example ESMTP Exim 4.96')?.detail).toBeNull();
  });

  test('controls of a hostile peer do not reach logs', () => {
    expect(parseReply('550 5.1.1 \x1b[31mred\x07')?.text).toBe('[31mred');
  });

  test('the kept text is bounded', () => {
    expect(parseReply(`550 ${'x'.repeat(100_000)}`)?.text).toBe(
      `${'x'.repeat(replyTextMax)}… (98976 characters more)`,
    );
  });

  test.each(['', 'hello', '99 x', '600 x', '2500 x'])('%j is no reply', (raw) => {
    expect(parseReply(raw)).toBeNull();
  });
});

test('a line that is read in one go says the same as one whose end has to be taken off', () => {
  const part = fc.constantFrom(
    '250',
    '5',
    ' ',
    '  ',
    '2.1.0',
    '4.7.12',
    '7.1',
    '-',
    'Ok',
    '\x1b',
    'é',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
      const line = `250 ${parts.join('')}`;
      expect(parseReply(line)).toEqual(parseReply(`${line}\r\n`));
    }),
    { numRuns: 2000 },
  );
});

test('the class of an enhanced status follows the code', () => {
  expect(enhancedStatus(450, '2.1')).toBe('4.2.1');
  expect(formatReply({ code: 550, detail: '1.1', text: 'no such user' })).toBe(
    '550 5.1.1 no such user',
  );
  expect(formatReply({ code: 250, detail: null, text: '' })).toBe('250');
});
