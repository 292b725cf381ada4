import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { exampleValues } from '../../../scripts/generate/example-values.ts';
import { loadText } from './temporary-file.ts';

const env = { SHOP_PASSWORD: 'p', OFFICE_PASSWORD: 'p', GMAIL_APP_PASSWORD: 'p' };

/** Every place in a value, as the path that leads to it. */
function pathsIn(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...entries.flatMap(([key, child]) => pathsIn(child).map((path) => [key, ...path]))];
}

function replaced(value: unknown, path: readonly (string | number)[], put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, put);
  return copy;
}

const oddities = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1e300, '', '*', '@', 'off', [], {}, [[]], [null], { a: [1] }),
  fc.constantFrom({ env: [] }, { command: [1] }, { file: '\0' }, '127.0.0.1:99999', '[::]:25'),
  fc.string({ unit: 'binary' }),
);

test('whatever stands in one place of a file, it is loaded or refused with a place', async () => {
  const one = fc.record({ path: fc.constantFrom(...pathsIn(exampleValues)), put: oddities });
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 3 }), async (changes) => {
      let value: unknown = exampleValues;
      for (const { path, put } of changes) {
        if (pathsIn(value).some((known) => known.join() === path.join())) {
          value = replaced(value, path, put);
        }
      }
      const result = await loadText(stringify(value), { env });
      if (result.ok) return;
      expect(result.problems.length).toBeGreaterThan(0);
      for (const problem of result.problems) expect(problem.line).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

test('whatever text a file holds, it is loaded or refused with a place', async () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '\t',
    '- ',
    '*',
    '&',
    '!',
    '{',
    '[',
    '"',
    '%',
  );
  const texts = fc.array(pieces, { maxLength: 30 }).map((words) => words.join(''));
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const result = await loadText(text);
      expect(result.ok).toBe(false);
      if (!result.ok) expect(result.problems[0]?.line).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test('the values of the example survive YAML', () => {
  expect(parse(stringify(exampleValues))).toEqual(exampleValues);
});
