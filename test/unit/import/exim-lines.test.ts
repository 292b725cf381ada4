import { expect, test } from 'vitest';
import { readConfig } from '../../../src/import/exim/config.ts';
import { readLines } from '../../../src/import/exim/lines.ts';
import { noteBook } from '../../../src/import/model.ts';
import { given } from './files.ts';

function lines(text: string, files: Readonly<Record<string, string>> = {}) {
  const { note, findings } = noteBook();
  const read = readLines([{ path: 'exim.conf', text }], { read: given(files), note });
  return {
    texts: read.map((line) => line.text),
    places: read.map(({ at }) => `${at.file}:${at.line}`),
    findings,
  };
}

test('lines go on after a backslash, over comments and white space', () => {
  const { texts, places } = lines('a = 1 \\\n  # why\n   2 \\\n\tand 3\n\n# b\nc = 4\n');
  expect(texts).toEqual(['a = 1 2 and 3', 'c = 4']);
  expect(places).toEqual(['exim.conf:1', 'exim.conf:7']);
});

test('macros stand for their text, also within others; the longest name wins', () => {
  const { texts } = lines('DIR = /etc\nDIR_MAPS = DIR/maps\nDIR == /opt\nx = DIR_MAPS/a DIR/b\n');
  expect(texts).toEqual(['x = /etc/maps/a /opt/b']);
});

test('.ifdef, .ifndef, .elifdef and .else choose', () => {
  const text =
    'A = 1\n.ifdef A\nx = 1\n.else\nx = 2\n.endif\n.ifndef A\nx = 3\n.elifdef B A\nx = 4\n.else\nx = 5\n.endif\n' +
    '.ifdef _HAVE_TLS\nx = 6\n.endif\n.ifdef NO\n.ifdef A\nx = 7\n.endif\n.endif\n';
  expect(lines(text).texts).toEqual(['x = 1', 'x = 4', 'x = 6']);
});

test('.include reads another file; one that is missing is named unless it may be', () => {
  const text = '.include /etc/more\n.include_if_exists /etc/none\n.include /etc/gone\nb = 2\n';
  const { texts, places, findings } = lines(text, { '/etc/more': 'a = 1\n' });
  expect(texts).toEqual(['a = 1', 'b = 2']);
  expect(places[0]).toBe('/etc/more:1');
  expect(findings).toMatchObject([{ at: { line: 3 }, what: '.include /etc/gone' }]);
});

test('a file that includes itself ends', () => {
  const { findings } = lines('.include /etc/self\n', { '/etc/self': '.include /etc/self\n' });
  expect(findings).toHaveLength(1);
});

test('sections, options, quotes and instances', () => {
  const text =
    'hide a = "x\\"y"\nno_b\nc\ndomainlist local = @ : localhost\nbegin routers\none:\n driver = accept\n' +
    ' condition = 1\n condition = 2\nbegin nonsense\nwords\nbegin retry\n* * F,1h,5m\n';
  const { note } = noteBook();
  const config = readConfig([{ path: 'exim.conf', text }], { read: given({}), note });
  expect([...config.main].map(([name, { value }]) => [name, value])).toEqual([
    ['a', 'x"y'],
    ['b', 'false'],
    ['c', 'true'],
  ]);
  expect(config.lists.get('domain local')?.value).toBe('@ : localhost');
  expect(config.routers[0]?.options.get('condition')?.value).toBe('1\x002');
  expect(config.retry.map((line) => line.text)).toEqual(['* * F,1h,5m']);
});
