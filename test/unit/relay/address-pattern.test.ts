import { describe, expect, test } from 'vitest';
import { matchesAddress, matchesAny } from '../../../src/relay/address-pattern.ts';

describe('an address against a pattern', () => {
  test.each([
    // [pattern, address, matches]
    ['erp@velosi.example', 'erp@velosi.example', true],
    ['erp@velosi.example', 'erp2@velosi.example', false],
    ['erp@velosi.example', 'erp@other.example', false],
    // RFC 5321 section 2.4: domains ignore case; for matching so do local parts.
    ['ERP@Velosi.Example', 'erp@velosi.EXAMPLE', true],
    // +detail of the address counts only when the pattern has one.
    ['erp@velosi.example', 'erp+ticket42@velosi.example', true],
    ['erp+a@velosi.example', 'erp+a@velosi.example', true],
    ['erp+a@velosi.example', 'erp+b@velosi.example', false],
    ['erp+a@velosi.example', 'erp@velosi.example', false],
    ['+x@velosi.example', '+x@velosi.example', true],
    ['@velosi.example', 'anyone+x@velosi.example', true],
    ['@velosi.example', 'anyone@sub.velosi.example', false],
    ['@velosi.example', 'anyone@notvelosi.example', false],
    ['*@sub.*', 'a@sub.example.org', true],
    ['*@sub.*', 'a@sub', false],
    ['*@sub.*', 'a@xsub.example.org', false],
    ['@*.example.org', 'a@b.c.example.org', true],
    ['@*.example.org', 'a@example.org', false],
    ['no-*@example.org', 'no-reply@example.org', true],
    ['no-*@example.org', 'no-reply+x@example.org', true],
    ['no-*@example.org', 'on-reply@example.org', false],
    ['a*a@example.org', 'a@example.org', false],
    ['a*b*c@example.org', 'abxbc@example.org', true],
    // RFC 5321 section 4.1.2: quoting does not change the mailbox.
    ['john@x.example', '"john"@x.example', true],
    ['"a b"@x.example', '"a b"@x.example', true],
    ['"a b"@x.example', '"a\\ b"@x.example', true],
    ['"a@b"@x.example', '"a@b"@x.example', true],
    ['"*"@x.example', 'anyone@x.example', false],
    ['"*"@x.example', '*@x.example', true],
    ['@b"@x.example', '"a@b"@x.example', false],
    // RFC 5890 section 2.3.2: U-label and A-label name the same domain.
    ['@bücher.example', 'a@xn--bcher-kva.example', true],
    ['@xn--bcher-kva.example', 'a@BÜCHER.example', true],
    ['@bücher.example', 'a@bu\u0308cher.example', true],
    ['*@*.bücher.example', 'a@mail.xn--bcher-kva.example', true],
    ['@b*r.example', 'a@xn--bcher-kva.example', false],
    ['jörg@x.example', 'JÖRG@x.example', true],
    ['jo\u0308rg@x.example', 'jörg@x.example', true],
    ['@[192.0.2.1]', 'a@[192.0.2.1]', true],
    ['*', 'a@b.example', true],
    ['*', '', true],
    ['*', 'postmaster', true],
    ['*@*', '', false],
    ['@b.example', '', false],
    ['nonsense', 'nonsense', false],
  ])('%s and %s: %s', (pattern, address, matches) => {
    expect(matchesAddress(pattern, address)).toBe(matches);
    expect(matchesAny([pattern], address)).toBe(matches);
  });

  test('one of several is enough, none of none is not', () => {
    expect(matchesAny(['a@x.example', '@y.example'], 'b@y.example')).toBe(true);
    expect(matchesAny(['a@x.example', '*'], 'c@z.example')).toBe(true);
    expect(matchesAny([], 'c@z.example')).toBe(false);
  });

  test('a hostile pair of long strings is judged at once', () => {
    const pattern = `${'a*'.repeat(2_000)}b@x.example`;
    expect(matchesAddress(pattern, `${'a'.repeat(20_000)}@x.example`)).toBe(false);
  });

  test('labels no URL can hold match only themselves', () => {
    for (const label of ['ü/../a', 'ü#', 'ü?', 'ü:80', 'ü%41', 'ü\u0000']) {
      expect(matchesAddress('@example', `a@${label}`)).toBe(false);
      expect(matchesAddress(`@${label}.example`, `a@${label}.example`)).toBe(true);
    }
  });
});
