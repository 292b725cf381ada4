import { expect, test } from 'vitest';
import { parseAddressList, parseMailboxes } from '../../../src/mail/header-address.ts';

test.each([
  ['a@b.example', ['a@b.example']],
  ['<a@b.example>', ['a@b.example']],
  ['Ann <a@b.example>', ['a@b.example']],
  ['"Doe, Ann" <a@b.example>', ['a@b.example']],
  ['"x <fake@b.example>" <a@b.example>', ['a@b.example']],
  ['fake@b.example (comment) ', ['fake@b.example']],
  ['(fake@x.example) a@b.example', ['a@b.example']],
  ['(nested (deep\\)) ) a@b.example', ['a@b.example']],
  ['a@b.example, Bob <b@c.example>', ['a@b.example', 'b@c.example']],
  [',a@b.example,,', ['a@b.example']],
  ['Group: a@b.example, <c@d.example>;', ['a@b.example', 'c@d.example']],
  ['undisclosed:;', []],
  ['', []],
  ['"quoted local"@b.example', ['"quoted local"@b.example']],
  ['<"a>b"@c.example>', ['"a>b"@c.example']],
  ['a . b @ c . example', ['a.b@c.example']],
  ['<@relay.example,@x.example:a@b.example>', ['a@b.example']],
  ['a@[127.0.0.1]', ['a@[127.0.0.1]']],
  ['Jürgen <jürgen@bücher.example>', ['jürgen@bücher.example']],
  ['=?utf-8?q?fake=40b=2Eexample?= <a@b.example>', ['a@b.example']],
  ['a@b.example <c(x)@d.example>', ['c@d.example']],
])('%j', (value, addresses) => {
  expect(parseAddressList(value)).toEqual(addresses);
});

test.each([
  'nobody',
  'a b@c.example',
  '<a@b.example',
  'a@b.example>',
  '"open <a@b.example>',
  '(open a@b.example',
  '<a@b.example> <c@d.example>',
  '<a@b.example> c@d.example',
  'a@b@c.example',
  'x <>',
  'a@b.example c@d.example',
  `${' '.repeat(60_000)}x${' '.repeat(60_000)}.`,
])('what can be read in two ways is not read: %#', (value) => {
  expect(parseAddressList(value)).toBeNull();
});

test('a lone plain address, which is read at a glance, is what the careful reading finds', () => {
  const pieces = ['a', '@', '<', '>', '.', ' ', '"', '(', ')', '\\', ','];
  let values = [''];
  for (let length = 1; length <= 3; length++) {
    values = values.flatMap((value) => pieces.map((piece) => value + piece));
    for (const value of values) {
      for (const field of [
        value,
        `${value}<a@b.c>`,
        `<a${value}@b.c>`,
        `x <a@b${value}c>${value}`,
      ]) {
        const careful = parseMailboxes(field)?.map(({ address }) => address) ?? null;
        expect(parseAddressList(field), field).toEqual(careful);
      }
    }
  }
});

test('the longest field that is looked at is read in no time', () => {
  for (const part of ['(', '<', '"', ',', '[', 'a@b,', ' .', '\\"', '<a', '()']) {
    parseAddressList(part.repeat(65_536 / part.length));
  }
});
