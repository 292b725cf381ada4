import { describe, expect, test } from 'vitest';
import { expand } from '../../../src/import/exim/expand.ts';
import { splitList } from '../../../src/import/exim/lists.ts';
import { readMap, search } from '../../../src/import/exim/lookup.ts';
import { ForcedFailure, type Scope, Unsupported } from '../../../src/import/exim/scope.ts';

const variables: Readonly<Record<string, string>> = {
  sender_address: 'Erp@Velosi.example',
  host: 'smtp.gmail.com',
  empty: '',
};
const map = readMap(
  'erp@velosi.example: host=a.example user="x y"\n*@d.example:  one\n two\n*: usual\n',
);
const scope: Scope = {
  variable: (name) => variables[name] ?? null,
  lookup: (type, key) => search(type, key, map)?.value ?? null,
  read: (path) => (path === '/there' ? 'text\n' : null),
  inList: (_kind, subject, list) => list.split(':').includes(subject),
};
const value = (text: string): string => expand(text, scope);

// Each of these was given to `exim -be`, too; see test/peers/import.peer.ts.
test.each([
  ['plain', 'plain'],
  ['a\\$b\\\\', 'a$b\\'],
  ['\\N${x}\\N', '${x}'],
  ['$host-', 'smtp.gmail.com-'],
  ['${host}x', 'smtp.gmail.comx'],
  ['${lc:$sender_address}', 'erp@velosi.example'],
  ['${domain:$sender_address}', 'Velosi.example'],
  ['${local_part:$sender_address}', 'Erp'],
  ['${if eq{a}{a}{yes}{no}}', 'yes'],
  ['${if eqi{A}{a}}', 'true'],
  ['${if !eq{a}{a}{yes}{no}}', 'no'],
  ['${if and{{eq{a}{a}}{!def:empty}}{yes}{no}}', 'yes'],
  ['${if or{{eq{a}{b}}{eq{b}{b}}}{yes}{no}}', 'yes'],
  ['${if > {3}{2}{yes}{no}}', 'yes'],
  ['${if match{abc}{^a(.)c}{$1}{no}}', 'b'],
  ['${extract{2}{:}{a:b:c}}', 'b'],
  ['${extract{-1}{:}{a:b:c}}', 'c'],
  ['${extract{user}{host=h user="x y"}}', 'x y'],
  ['${extract{none}{a=b}{$value}{other}}', 'other'],
  ['${sg{abcabc}{b}{X}}', 'aXcaXc'],
  ['${sg{ab:cd}{\\N([^:]+:)(.*)\\N}{\\$2}}', 'cd'],
  ['${if exists{/there}{yes}{no}}', 'yes'],
  ['${if exists{/not/there}{yes}{no}}', 'no'],
  ['${substr_1_2:abcd}', 'bc'],
  ['${length_2:abcd}', 'ab'],
  ['${uc:${if eq{1}{1}{a}{b}}}', 'A'],
  ['${if bool{yes}{y}{n}}', 'y'],
])('%s is %s', (text, expected) => {
  expect(value(text)).toBe(expected);
});

describe('lookups', () => {
  test('by key, by the default of a domain, by the default', () => {
    const of = (type: string, key: string) => value(`\${lookup{${key}}${type}{/f}{$value}{none}}`);
    expect(of('lsearch', 'ERP@velosi.example')).toContain('host=a.example');
    expect(of('lsearch', 'x@d.example')).toBe('none');
    expect(of('lsearch*@', 'x@d.example')).toBe('one two');
    expect(of('lsearch*', 'x@d.example')).toBe('usual');
    expect(of('nwildlsearch', 'x@d.example')).toBe('one two');
  });

  test('$value is the outer one again after an inner lookup', () => {
    const inner = '${lookup{erp@velosi.example}lsearch{/f}{${extract{host}{$value}}}}';
    expect(value(`\${lookup{*}lsearch{/f}{${inner}-$value}}`)).toBe('a.example-usual');
  });

  test('other kinds of map are refused with a remedy', () => {
    expect(() => value('${lookup{x}dbm{/f}{$value}}')).toThrow(
      /write it as a text file for lsearch/,
    );
    expect(() => value('${lookup mysql{SELECT 1}{$value}}')).toThrow(Unsupported);
  });
});

test('fail ends the whole expansion; a branch that is not taken is not worked out', () => {
  expect(() => value('${if eq{a}{b}{yes}fail}')).toThrow(ForcedFailure);
  expect(value('${if eq{a}{a}{yes}fail}')).toBe('yes');
  expect(value('${if eq{a}{a}{yes}{${lookup mysql{SELECT 1}}}}')).toBe('yes');
});

test.each([
  ['$acl_m0', /\$acl_m0/],
  ['${run{/bin/date}}', /\$\{run/],
  ['${if saslauthd{x}{y}}', /condition saslauthd/],
  ['${if eq{a}{b}', /braces/],
  ['${lc:x', /braces/],
])('%s is not understood', (text, why) => {
  expect(() => value(text)).toThrow(why);
});

test.each([
  ['a : b:c', ['a', 'b', 'c']],
  ['a::587 : b', ['a:587', 'b']],
  ['<; ::1 ; 127.0.0.1', ['::1', '127.0.0.1']],
  [': user : pass', ['', 'user', 'pass']],
  ['', []],
])('the list %s', (text, items) => {
  expect(splitList(text)).toEqual(items);
});
