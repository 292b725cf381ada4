import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddressList } from '../../../src/mail/header-address.ts';
import { qualifyAddresses } from '../../../src/mail/qualify.ts';

test.each([
  [' root', ' root@relay.test'],
  ['root (Cron Daemon)', 'root@relay.test (Cron Daemon)'],
  ['Ops <ops>, a@b.example', 'Ops <ops@relay.test>, a@b.example'],
  ['"a b", x', '"a b"@relay.test, x@relay.test'],
  ['Team: ops, Ada <ada@b.example>;', 'Team: ops@relay.test, Ada <ada@b.example>;'],
  ['undisclosed-recipients:;', 'undisclosed-recipients:;'],
  [' ops,\n\troot', ' ops@relay.test,\n\troot@relay.test'],
  ['two words', 'two words'],
  ['<>', '<>'],
  ['"unfinished', '"unfinished'],
  ['', ''],
])('%j becomes %j', (value, expected) => {
  expect(qualifyAddresses(value, 'relay.test')).toBe(expected);
});

test('a list whose addresses all have a domain is left as it is, and what is added can be read', () => {
  const word = fc
    .stringMatching(/^[a-z][a-z0-9.]{0,5}[a-z]$/)
    .filter((text) => !text.includes('..'));
  const name = fc.constantFrom('', 'Ada ', '"L, A" ', '=?utf-8?B?QQ==?= ');
  const list = fc.array(fc.tuple(name, word, fc.option(word)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(list, (mailboxes) => {
      const written = (domain: string): string =>
        mailboxes
          .map(([shown, local, own]) => `${shown}<${local}${own === null ? domain : `@${own}`}>`)
          .join(', ');
      const complete = written('@relay.test');
      expect(qualifyAddresses(written(''), 'relay.test')).toBe(complete);
      expect(qualifyAddresses(complete, 'other.test')).toBe(complete);
      expect(parseAddressList(complete)).toHaveLength(mailboxes.length);
    }),
    { numRuns: 300 },
  );
});
