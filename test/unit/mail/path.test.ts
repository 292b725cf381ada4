import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mailboxFault, needsSmtpUtf8, splitAddressArgument } from '../../../src/mail/path.ts';

test.each([
  ['FROM:<a@b.example>', 'a@b.example', ''],
  ['from:<>', '', ''],
  ['FROM: <a@b.example> SIZE=1  BODY=7BIT ', 'a@b.example', 'SIZE=1  BODY=7BIT'],
  ['FROM:<"a>b"@c.example>', '"a>b"@c.example', ''],
  ['FROM:<"a\\">"@c.example> X', '"a\\">"@c.example', 'X'],
  ['FROM:<@one.example,@two.example:a@b.example>', 'a@b.example', ''],
])('%j is taken apart', (argument, path, parameters) => {
  expect(splitAddressArgument(argument, 'FROM')).toEqual({ path, parameters });
});

test.each([
  'FROM:a@b.example',
  'FROM:<a@b.example',
  'FROM <a@b>',
  'TO:<a@b>',
  'FROM:<a<b>',
  'FROM:<a@b>x',
  '',
])('%j is no MAIL argument', (argument) => {
  expect(splitAddressArgument(argument, 'FROM')).toBeNull();
});

test.each([
  'a@b.example',
  '"a b"@c.example',
  '"a\\@b"@c.example',
  '""@c.example',
  "a!#$%&'*+-/=?^_`{|}~z@b.example",
  'a@localhost',
  'a@[127.0.0.1]',
  'a@[IPv6:2001:db8::1]',
  'a@xn--bcher-kva.example',
  'jürgen@bücher.example',
  `${'x'.repeat(64)}@b.example`,
])('%s is a mailbox', (mailbox) => {
  expect(mailboxFault(mailbox)).toBeNull();
});

test.each([
  'a',
  '@b.example',
  'a@',
  '.a@b.example',
  'a.@b.example',
  'a..b@c.example',
  'a b@c.example',
  'a@b..example',
  'a@-b.example',
  'a@b-.example',
  'a@b_c.example',
  'a@b.example.',
  'a@[300.0.0.1]',
  'a@[IPv6:zz]',
  'a@[2001:db8::1]',
  '"a"b@c.example',
  '"a@c.example',
  'a\u0085@b.example',
  'a\t@b.example',
  `a@${'x'.repeat(64)}.example`,
])('%j is no mailbox', (mailbox) => {
  expect(mailboxFault(mailbox)).toBe('syntax');
});

test('the limits of RFC 5321 section 4.5.3.1 hold, in octets', () => {
  const domain = `${'a.'.repeat(60)}example`;
  expect(mailboxFault(`${'x'.repeat(65)}@b.example`)).toBe('too-long');
  expect(mailboxFault(`${'ü'.repeat(33)}@b.example`)).toBe('too-long');
  expect(mailboxFault(`a@${domain}${'.x'.repeat(62)}`)).toBeNull();
  expect(mailboxFault(`a@${domain}${'.x'.repeat(63)}`)).toBe('too-long');
});

test('octets above 127 need SMTPUTF8', () => {
  expect(needsSmtpUtf8('ü@b.example')).toBe(true);
  expect(needsSmtpUtf8('u@xn--bcher-kva.example')).toBe(false);
});

test('a short mailbox, judged by one look, is one as a long one is', () => {
  const parts = ['a', 'Z9', '.', '@', '-', '_', '"', '\\', ' ', 'ü', '\x80', '[', ']', '\n', '+'];
  const some = fc.array(fc.constantFrom('a', ...parts), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(some, some, (local, domain) => {
      const short = `${local.join('')}@${domain.join('')}`;
      // A label more changes no verdict, but is too long for the one look; a literal has no labels.
      fc.pre(!short.endsWith(']'));
      expect(mailboxFault(short)).toBe(mailboxFault(`${short}.${'x'.repeat(63)}`));
    }),
    { numRuns: 5_000 },
  );
});
