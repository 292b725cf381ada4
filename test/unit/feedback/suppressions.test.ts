import { expect, test } from 'vitest';
import { Suppressions } from '../../../src/feedback/suppressions.ts';
import type { Suppression } from '../../../src/relay/suppression.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';

const entry = (address: string, more: Partial<Suppression> = {}): Suppression => ({
  address,
  account: null,
  reason: 'bounce',
  detail: '',
  sinceMs: 0,
  untilMs: null,
  ...more,
});

test('addresses are compared without letter case, quotes and spellings of the domain', async () => {
  const list = new Suppressions({ store: openMemoryStore(), clock: () => 0 });
  expect(list.find('kim@x.example', [])).toBeNull();
  await list.add([entry('kim@xn--bcher-kva.example')]);
  for (const path of ['Kim@BÜCHER.example', '"kim"@xn--bcher-kva.EXAMPLE', 'KIM@bücher.example']) {
    expect(list.find(path, [])).not.toBeNull();
  }
  for (const path of ['kim+x@xn--bcher-kva.example', 'postmaster', '']) {
    expect(list.find(path, [])).toBeNull();
  }
});

test('an entry counts for its account and until its end', async () => {
  let nowMs = 0;
  const list = new Suppressions({ store: openMemoryStore(), clock: () => nowMs });
  await list.add([entry('a@b', { account: 'ses', untilMs: 10 })]);
  expect(list.has('a@b')).toBe(true);
  expect(list.find('a@b', ['gmail'])).toBeNull();
  expect(list.find('a@b', ['gmail', 'ses'])).not.toBeNull();
  nowMs = 10;
  expect(list.find('a@b', ['ses'])).toBeNull();
  await list.expire();
  expect(list.size).toBe(0);
});

test('it is read back at start, page by page, and nothing changes that cannot be kept', async () => {
  const store = openMemoryStore();
  const many = Array.from({ length: 12_000 }, (_, at) => entry(`${at}@b.example`));
  await store.suppress(many);
  const list = new Suppressions({ store, clock: () => 0 });
  await list.restore();
  expect(list.size).toBe(12_000);
  store.failWith('full');
  await expect(list.add([entry('c@d')])).rejects.toThrow('simulated');
  await expect(list.remove([entry('7@b.example')])).rejects.toThrow('simulated');
  expect([list.has('c@d'), list.has('7@b.example')]).toEqual([false, true]);
});
