import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { corpusOf } from './corpus.ts';
import { round, runBounded } from './round.ts';
import type { OpenTarget } from './target.ts';
import { TARGETS } from './targets.ts';

const seed = 20_261_121;

/** What once broke stays whole, and every target still runs. */
describe.each(Object.entries(TARGETS))('%s', (name, target) => {
  let open: OpenTarget;
  beforeAll(async () => {
    open = await target.open();
  });
  afterAll(() => open.close());

  for (const [file, pieces] of [...corpusOf(name), ...seedsOf(target.seeds ?? [])]) {
    test(file, () => runBounded(open, pieces));
  }

  test('whatever else comes', async () => {
    expect(await round(name, { target, open }, seed)).toBeGreaterThan(0);
  });
});

function seedsOf(seeds: readonly (readonly string[])[]) {
  return seeds.map((pieces, index) => [`seed ${index}`, pieces] as const);
}
