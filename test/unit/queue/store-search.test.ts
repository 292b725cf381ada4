import { expect, test } from 'vitest';
import type { Ask } from '../../../src/queue/ask.ts';
import { search } from '../../../src/queue/store-search.ts';
import { StoreError } from '../../../src/relay/ports.ts';

function askWith(index: (limit: number) => number) {
  const limits: number[] = [];
  const ask = (async (name: string, given: { limit: number }) => {
    if (name !== 'history.index') return { ids: [], next: null };
    limits.push(given.limit);
    return index(given.limit);
  }) as unknown as Ask;
  return { ask, limits };
}

const find = { query: {}, before: null, limit: 10 };

test('what settled last is taken into the index first, but only so much of it', async () => {
  let left = 1_000_000;
  const { ask, limits } = askWith((limit) => {
    left -= limit;
    return left;
  });
  expect(await search(ask, find)).toEqual({ entries: [], next: null, unindexed: 980_000 });
  expect(limits).toHaveLength(100);
});

test('a disk that is full hides only what is not indexed', async () => {
  const { ask } = askWith((limit) => {
    if (limit > 0) throw new StoreError('full', 'no room');
    return 7;
  });
  expect(await search(ask, find)).toEqual({ entries: [], next: null, unindexed: 7 });
  const closed = askWith(() => {
    throw new StoreError('closed', 'the store is closed');
  });
  await expect(search(closed.ask, find)).rejects.toThrow('closed');
});
