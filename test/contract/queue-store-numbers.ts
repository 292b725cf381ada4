import { describe, expect, test } from 'vitest';
import type { MessageId } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { NewMessage } from '../../src/relay/queue.ts';
import type { QueueSort } from '../../src/relay/queue-views.ts';
import { becomes, held, leased, leaseOf, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const minute = 60_000;

export function numbersContract(current: () => OpenStore): void {
  sortContract(current);
  countContract(current);
  redirectContract(current);
}

const idsOf = (all: readonly NewMessage[]): MessageId[] => all.map(({ message }) => message.id);

/** Waits after attempts that counted. */
async function tried(store: QueueStore, one: NewMessage, attempts: number): Promise<void> {
  await store.accept([one]);
  for (let at = 0; at < attempts; at++) {
    const lane = one.lane ?? '';
    const query = { lane, nowMs: T0 + minute, lease: leaseOf(), limit: 100 };
    if (at > 0) await store.claim(query);
    const rest = { dueAtMs: T0, counted: true, delayWarned: false, lane };
    const settled = becomes(0, { is: 'waiting', ...rest }, '450 4.2.1 later');
    const more = { lease: leaseOf(), attempt: null, notifications: [] };
    await store.settle({ id: one.message.id, recipients: [settled], ...more });
  }
}

function sortContract(current: () => OpenStore): void {
  describe('sorted lists', () => {
    const large = Buffer.alloc(500, 'x');
    async function scene(store: QueueStore): Promise<NewMessage[]> {
      const all = [
        leased({ lane: 'gmail', acceptedAtMs: T0 }),
        waiting(T0 + 9_000, { lane: 'b', acceptedAtMs: T0 + 1 }),
        waiting(T0 + 5_000, { lane: 'a', acceptedAtMs: T0 + 2, body: large }),
        held('route', { lane: null, acceptedAtMs: T0 + 3 }),
      ];
      const [first, ...rest] = all;
      if (first !== undefined) await tried(store, first, 1);
      await store.accept(rest);
      return all;
    }
    const cases: [QueueSort, number[]][] = [
      ['age', [0, 1, 2, 3]],
      ['due', [0, 2, 1, 3]],
      ['size', [2, 0, 1, 3]],
      ['attempts', [0, 1, 2, 3]],
      ['account', [3, 2, 1, 0]],
    ];
    test.each(cases)('by %s, in pages of one and all at once', async (sort, expected) => {
      const { store } = current();
      const ids = idsOf(await scene(store));
      const wanted = expected.map((at) => ids[at]);
      const whole = await store.list({ filter: {}, sort, after: null, limit: 10 });
      expect(whole.rows.map(({ message }) => message.id)).toEqual(wanted);
      expect(whole.next).toBeNull();
      const paged: MessageId[] = [];
      for (let after: MessageId | null = null; ; ) {
        const page = await store.list({ filter: {}, sort, after, limit: 1 });
        paged.push(...page.rows.map(({ message }) => message.id));
        after = page.next;
        if (after === null) break;
      }
      expect(paged).toEqual(wanted);
    });

    test('a page cannot begin behind a message that has left', async () => {
      const { store } = current();
      const [one, two] = [waiting(), waiting()];
      await store.accept([two]);
      const after = one.message.id;
      const page = await store.list({ filter: {}, sort: 'due', after, limit: 1 });
      expect(page).toEqual({ rows: [], next: null, lost: true });
    });

    test('only what matches the filter is sorted', async () => {
      const { store } = current();
      await scene(store);
      const filter = { states: ['waiting'], account: 'b' } as const;
      const page = await store.list({ filter, sort: 'size', after: null, limit: 5 });
      expect(page.rows).toHaveLength(1);
    });
  });
}

function countContract(current: () => OpenStore): void {
  describe('numbers', () => {
    test('count gives messages and recipients by lane, a message in two lanes once', async () => {
      const { store } = current();
      const two = waiting(T0, { to: ['a@x.example', 'b@y.example'] });
      await store.accept([two, waiting(T0, { lane: 'ses' }), held(), leased()]);
      const [id, nowMs] = [two.message.id, T0];
      const recipients = [{ index: 1, was: 'waiting', becomes: 'waiting' }] as const;
      const moves = [{ id, lane: 'ses', bind: false, recipients }];
      expect(await store.redirect({ moves, nowMs })).toBe(1);
      expect(await store.count({ filter: {}, states: ['waiting', 'held'] })).toEqual({
        recipients: 4,
        messages: 3,
        lanes: [
          { lane: 'gmail', recipients: 2, messages: 2 },
          { lane: 'ses', recipients: 2, messages: 2 },
        ],
      });
      expect(await store.count({ filter: { id }, states: ['waiting'] })).toMatchObject({
        recipients: 2,
        messages: 1,
      });
      expect(await store.count({ filter: {}, states: [] })).toEqual({
        recipients: 0,
        messages: 0,
        lanes: [],
      });
    });

    test('groups by account, reason, age and domain, the largest first', async () => {
      const { store } = current();
      const nowMs = T0 + 30 * minute;
      await tried(store, leased({ to: ['a@Gone.example'] }), 1);
      await tried(store, leased({ to: ['b@gone.example'], lane: 'ses' }), 1);
      await store.accept([
        waiting(T0, { to: ['c@gone.example'], acceptedAtMs: nowMs - minute }),
        waiting(T0, { to: ['"d@home"@x.example'], acceptedAtMs: nowMs - minute }),
        leased({ acceptedAtMs: nowMs - minute }),
      ]);
      const ask = { filter: {}, nowMs };
      const young = [1, 0, 0, 0, 0, 0, 0];
      const hour = [0, 0, 1, 0, 0, 0, 0];
      expect(await store.groups({ ...ask, by: ['account'] })).toEqual({
        groups: [
          { values: ['gmail'], ages: [3, 0, 1, 0, 0, 0, 0] },
          { values: ['ses'], ages: hour },
        ],
        merged: false,
      });
      const reasons = await store.groups({ ...ask, by: ['account', 'reason'] });
      expect(reasons.groups[0]).toEqual({ values: ['gmail', null], ages: [3, 0, 0, 0, 0, 0, 0] });
      expect(new Set(reasons.groups.slice(1).map(({ values }) => values.join()))).toEqual(
        new Set(['gmail,ok', 'ses,ok']),
      );
      const domains = await store.groups({ ...ask, by: ['recipient-domain', 'age'] });
      expect(domains.groups[0]).toEqual({
        values: ['gone.example', '2'],
        ages: [0, 0, 2, 0, 0, 0, 0],
      });
      expect(domains.groups).toContainEqual({ values: ['x.example', '0'], ages: young });
      const filter = { reasons: ['ok'], account: 'ses' } as const;
      const filtered = await store.groups({ filter, by: ['reason'], nowMs });
      expect(filtered.groups).toEqual([{ values: ['ok'], ages: hour }]);
      const indexed = await store.groups({ filter: { account: 'ses' }, by: ['reason'], nowMs });
      expect(indexed.groups).toEqual(filtered.groups);
    });
  });
}

function redirectContract(current: () => OpenStore): void {
  describe('redirect', () => {
    test('moves what is still as it was, due at once, and binds on demand', async () => {
      const { store } = current();
      const [one, two, three] = [waiting(T0 + 9_000), held(), leased()];
      await store.accept([one, two, three]);
      const nowMs = T0 + 5;
      const moved = await store.redirect({
        nowMs,
        moves: [
          {
            id: one.message.id,
            lane: 'ses',
            bind: true,
            recipients: [{ index: 0, was: 'waiting', becomes: 'waiting' }],
          },
          {
            id: two.message.id,
            lane: 'ses',
            bind: false,
            recipients: [{ index: 0, was: 'held', becomes: 'held' }],
          },
          {
            id: three.message.id,
            lane: 'ses',
            bind: false,
            recipients: [{ index: 0, was: 'waiting', becomes: 'waiting' }],
          },
        ],
      });
      expect(moved).toBe(2);
      const states = await Promise.all(
        [one, two, three].map(async ({ message }) => {
          const { queued } = await store.show(message.id);
          return [queued?.recipients[0]?.state, queued?.recipients[0]?.lane];
        }),
      );
      expect(states).toEqual([
        ['waiting', 'ses'],
        ['held', 'ses'],
        ['leased', 'gmail'],
      ]);
      expect((await store.show(one.message.id)).queued?.message.boundAccount).toBe('ses');
      expect((await store.show(two.message.id)).queued?.message.boundAccount).toBeNull();
      for (const { message } of [one, two]) {
        const { history } = await store.show(message.id);
        const rerouted = { is: 'rerouted', index: 0, from: 'gmail', to: 'ses' };
        expect(history?.events?.at(-1)).toMatchObject(rerouted);
      }
      const work = await store.claim({ lane: 'ses', nowMs, lease: leaseOf(), limit: 9 });
      expect(work.map(({ message }) => message.id)).toEqual([one.message.id]);
      const counts = (await store.counts()).map(({ lane, state }) => `${lane} ${state}`);
      expect(counts.sort()).toEqual(['gmail leased', 'ses held', 'ses leased']);
    });
  });
}
