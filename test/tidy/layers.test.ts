import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, layerOf, root, sourcesBelow } from './sources.ts';

/**
 * `import` reads other programs' configurations and writes ours: it knows the presets and nothing that
 * runs, so that it stands beside policy and only relayctl uses it.
 */
const ORDER = [
  ['lib'],
  ['mail'],
  ['relay'],
  ['config'],
  ['policy', 'import'],
  ['submission', 'queue', 'delivery', 'observe', 'alerts', 'feedback', 'control'],
  // One more front of what control answers, under observe's address.
  ['dashboard'],
  ['threads'],
  ['daemon', 'cli'],
  // It finds the control socket as relayctl does.
  ['sendmail'],
];
const PURE = ['mail', 'relay', 'policy'];
/** Types of streams and addresses' arithmetic: no I/O behind them. */
const PURE_MAY_IMPORT = ['node:net', 'node:stream'];

const sources = sourcesBelow('src');
const imports = sources.flatMap(importsOf);
const rank = (path: string): number => ORDER.findIndex((layer) => layer.includes(layerOf(path)));

test('every file belongs to a layer', () => {
  expect(sources.map((source) => source.path).filter((path) => rank(path) < 0)).toEqual([]);
});

test('imports point to lower layers only', () => {
  const wrong = imports
    .filter(({ from, to, own }) => own && layerOf(from) !== layerOf(to) && rank(to) >= rank(from))
    .map(({ from, to }) => `${from} must not import ${to}`);
  expect(wrong).toEqual([]);
});

test('mail, relay and policy import nothing that could do I/O', () => {
  const wrong = imports
    .filter(
      ({ from, to, own }) => PURE.includes(layerOf(from)) && !own && !PURE_MAY_IMPORT.includes(to),
    )
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(wrong).toEqual([]);
});

test('there are no import cycles', () => {
  const edges = Map.groupBy(
    imports.filter(({ own }) => own),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const { to } of edges.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  expect(cycles).toEqual([]);
});

test('every import of our own names a file that exists', () => {
  const missing = imports.filter(({ to, own }) => own && !existsSync(join(root, to)));
  expect(missing.map(({ from, to }) => `${from}: ${to}`)).toEqual([]);
});

test('no file is dead: each is an entry or somebody imports it', () => {
  const entries = ['src/daemon/main.ts', 'src/cli/relayctl.ts', 'src/sendmail/main.ts'];
  const users = [
    ...imports,
    ...['scripts', 'bench', 'test'].flatMap(sourcesBelow).flatMap(importsOf),
  ];
  // A test alone keeps no production file alive.
  const alive = new Set(users.filter(({ from }) => !from.startsWith('test/')).map(({ to }) => to));
  expect(
    sources.map(({ path }) => path).filter((path) => !alive.has(path) && !entries.includes(path)),
  ).toEqual([]);
});

test('relayctl starts without what only some commands need', () => {
  // Values only: types are gone when it runs, and `import()` waits until it is wanted.
  const VALUE = /(?:^|\n)(?:import|export)\s+(?!type\b)[^;'"]*?from\s*'([^']+)'/g;
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const source = sources.find((candidate) => candidate.path === path);
    for (const [, specifier = ''] of source?.text.matchAll(VALUE) ?? []) {
      if (specifier.startsWith('.')) visit(join(path, '..', specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  };
  visit('src/cli/relayctl.ts');
  expect([...packages]).toEqual(['commander']);
});
