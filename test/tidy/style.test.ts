import { expect, test } from 'vitest';
import { layerOf, type Source, sourcesBelow } from './sources.ts';

const sources = sourcesBelow('src');

/** Lines that break a rule, as `file:line: text`, outside the files that may. */
function offenders(pattern: RegExp, allowed: (source: Source) => boolean = () => false): string[] {
  return sources
    .filter((source) => !allowed(source))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        pattern.test(withoutComment(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
      ),
    );
}

/** Rules are about code; prose in comments may name what is banned. */
function withoutComment(line: string): string {
  return line.replace(/^\s*(?:\*|\/\/|\/\*).*/, '').replace(/\s\/\/ .*/, '');
}

test('files have at most 250 lines, lines 100 columns (with a text in them 125)', () => {
  const long = sources
    .filter(({ lines }) => lines.length > 251)
    .map(({ path, lines }) => `${path}: ${lines.length}`);
  expect(long).toEqual([]);
  // A sentence for people stays in one piece, so that it can be found by what it says.
  expect(offenders(/^[^'"`]{101,}$|^.{126,}$/)).toEqual([]);
});

test('functions have at most 70 lines', () => {
  const long = sources.flatMap(({ path, lines }) =>
    longFunctions(lines).map((place) => `${path}:${place}`),
  );
  expect(long).toEqual([]);
});

/** A top-level or member block that opens on a line and closes at the same indentation. */
function longFunctions(lines: readonly string[]): string[] {
  const opening =
    /^(\s*)(?:export )?(?:async )?(?:function\b.*|(?:static |private |#|override |async )*[\w#]+\(.*\).*|.*=>) \{$/;
  return lines.flatMap((line, start) => {
    const indent = opening.exec(line)?.[1];
    if (indent === undefined) return [];
    const length = lines.slice(start + 1).findIndex((later) => later.startsWith(`${indent}}`)) + 2;
    return length > 70 ? [`${start + 1}: ${length} lines`] : [];
  });
}

test('no any, enum, namespace, default export or suppressed check', () => {
  expect(offenders(/\bas any\b|: any\b|<any>/)).toEqual([]);
  expect(offenders(/^\s*(?:export )?(?:const )?enum |^\s*namespace |export default/)).toEqual([]);
  expect(
    sources
      .filter(({ text }) => /@ts-(?:ignore|nocheck|expect-error)|biome-ignore/.test(text))
      .map(({ path }) => path),
  ).toEqual([]);
});

test('no work is left open in comments', () => {
  expect(
    sources.filter(({ text }) => /\b(?:TODO|FIXME|XXX|HACK)\b/.test(text)).map(({ path }) => path),
  ).toEqual([]);
});

test('time and chance are arguments in the pure layers', () => {
  const pure = (source: Source) => !['mail', 'relay', 'policy'].includes(layerOf(source.path));
  expect(
    offenders(/Date\.now|Math\.random|setTimeout|setInterval|new Date\(\)|process\./, pure),
  ).toEqual([]);
});

test('the environment and the console are for the entries only', () => {
  const entry = ({ path }: Source) =>
    ['daemon', 'cli', 'config', 'sendmail'].includes(layerOf(path));
  expect(offenders(/\bconsole\.|process\.env/, entry)).toEqual([]);
});

test('a class is an error or something with a life', () => {
  const classes = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/class \w+ extends (\w+)/g)]
      .filter(([, parent]) => !LIBRARY_BASES.includes(parent ?? ''))
      .map(([line]) => `${path}: ${line}`),
  );
  expect(classes).toEqual([]);
});

/** Our own hierarchy is flat: only errors and the classes that the SMTP libraries export to be extended. */
const LIBRARY_BASES = [
  'LibrarySession',
  'Error',
  'SMTPServer',
  'SMTPConnection',
  'SMTPStream',
  'LibraryConnection',
  'Transform',
];
