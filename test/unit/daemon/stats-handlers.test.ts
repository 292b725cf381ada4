import { expect, test } from 'vitest';
import { statsHandlers } from '../../../src/daemon/stats-handlers.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import {
  attempt,
  becomes,
  delivered,
  leased,
  leaseOf,
  T0,
  waiting,
} from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';

const perDay = { count: 500, windowMs: 86_400_000, counts: 'messages', zone: null } as const;
const quotas = () =>
  new Map([
    ['gmail', [{ rate: perDay, used: 3 }]],
    ['ses', []],
  ]);
const relay = { delivery: { quotas }, settings: () => ({ feedback: null }) as Settings };

test('history and queue are read page by page, and only as far back as asked', async () => {
  const store = openMemoryStore(() => T0 + 5_000);
  const { stats } = statsHandlers({ ...relay, store });
  for (let at = 0; at < 1_203; at++) {
    const one = leased({ acceptedAtMs: T0 + at, sequence: 0 });
    await store.accept([one]);
    const rest = { lease: leaseOf(), attempt: attempt(), notifications: [] };
    await store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest });
  }
  const queued = Array.from({ length: 700 }, (_, at) =>
    waiting(T0, { acceptedAtMs: T0 + at, sequence: 1 }),
  );
  await store.accept(queued);

  const all = await stats({ by: ['account'], sinceMs: 0 });
  expect(all).toMatchObject({ complete: true, merged: false });
  expect(all.quotas).toEqual({ gmail: [{ rate: '500/d', used: 3 }] });
  expect(all.rows).toMatchObject([
    { group: { account: 'gmail' }, accepted: 1_903, delivered: 1_203 },
  ]);
  const late = await stats({ by: [], sinceMs: T0 + 600 });
  expect(late.rows).toMatchObject([{ accepted: 703, delivered: 603 }]);
  expect((await stats({ by: [], sinceMs: T0 + 9_000 })).rows).toEqual([]);
});

test('a history larger than one request reads is said to be cut', async () => {
  const { message } = leased();
  const entry = { message, settledAtMs: T0, recipients: [], attempts: [] };
  let pages = 0;
  const history = async ({ limit }: { limit: number }) => {
    pages++;
    return Array.from({ length: limit }, () => entry);
  };
  const { stats } = statsHandlers({ ...relay, store: { ...openMemoryStore(), history } });
  expect((await stats({ by: [], sinceMs: 0 })).complete).toBe(false);
  expect(pages).toBe(1_000);
});
