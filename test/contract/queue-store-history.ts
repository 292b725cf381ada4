import { describe, expect, test } from 'vitest';
import type { LogQuery } from '../../src/relay/log-search.ts';
import type { MessageId } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { AttemptRecord, Disposition, NewMessage } from '../../src/relay/queue.ts';
import {
  attempt,
  becomes,
  dayMs,
  delivered,
  held,
  leased,
  leaseOf,
  newMessage,
  T0,
  waiting,
} from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

export function historyContract(current: () => OpenStore): void {
  eventsContract(current);
  searchContract(current);
}

const tried = (some: Partial<AttemptRecord>): AttemptRecord => ({ ...attempt(), ...some });

async function end(
  store: QueueStore,
  { message }: NewMessage,
  some: Partial<Parameters<QueueStore['settle']>[0]> & { next?: Disposition } = {},
): Promise<void> {
  const { next = delivered, ...rest } = some;
  const recipients = message.envelope.recipients.map((_, index) => becomes(index, next));
  const base = { id: message.id, lease: leaseOf(), recipients, attempt: null, notifications: [] };
  await store.settle({ ...base, ...rest });
}

function eventsContract(current: () => OpenStore): void {
  describe('what happens besides attempts', () => {
    test('hold, release and another lane are remembered in their order', async () => {
      const { store } = current();
      const one = waiting();
      const { id } = one.message;
      await store.accept([one]);
      const filter = { id };
      await store.act({ filter, action: { is: 'hold', reason: 'wait for Bob' }, nowMs: T0 + 1 });
      await store.act({ filter, action: { is: 'release', dueAtMs: T0 }, nowMs: T0 + 2 });
      await store.relane([{ id, lane: 'ses' }]);
      await store.relane([{ id, lane: 'ses' }]);
      const { history } = await store.show(id);
      expect(history?.events).toMatchObject([
        { is: 'held', atMs: T0 + 1, index: 0, reason: 'operator', text: 'wait for Bob' },
        { is: 'released', atMs: T0 + 2, index: 0, text: 'wait for Bob' },
        { is: 'rerouted', index: 0, from: 'gmail', to: 'ses' },
      ]);
      expect(history?.settledAtMs).toBeNull();
    });

    test('what is held from its acceptance on says so', async () => {
      const { store } = current();
      const one = held();
      await store.accept([one]);
      const { history } = await store.show(one.message.id);
      const text = one.start.is === 'held' ? one.start.reason : '';
      expect(history?.events).toMatchObject([
        { is: 'held', index: null, reason: 'operator', text },
      ]);
      expect(history?.settledAtMs).toBeNull();
    });

    test('a settlement leaves holds, moves, notifications and its dialogue', async () => {
      const { store } = current();
      const one = leased();
      const dsn = waiting(T0, { from: '' });
      const dialogue = { account: 'gmail', startedAtMs: T0, lines: ['> EHLO a', '< 250 b'] };
      await store.accept([one]);
      await end(store, one, { next: { is: 'held' }, notifications: [dsn], dialogue });
      const { history } = await store.show(one.message.id);
      expect(history?.events).toMatchObject([
        { is: 'held', index: 0 },
        { is: 'notified', id: dsn.message.id },
      ]);
      expect(history?.dialogues).toEqual([dialogue]);
    });

    test('who leaves without an attempt leaves from its lane', async () => {
      const { store } = current();
      const [with_, without] = [leased(), leased({ lane: 'ses' })];
      await store.accept([with_, without]);
      await end(store, with_, { attempt: attempt() });
      await end(store, without, { next: { is: 'settled', outcome: 'bounced' } });
      const of = async ({ message }: NewMessage) => (await store.show(message.id)).history;
      expect((await of(with_))?.recipients[0]).not.toHaveProperty('account');
      expect((await of(without))?.recipients[0]).toMatchObject({ account: 'ses' });
    });
  });
}

/** Three messages, oldest first: settled long ago, discarded, and one that still waits. */
async function three(store: QueueStore): Promise<readonly NewMessage[]> {
  const old = leased({
    from: 'Erp@Velosi.example',
    to: ['You@Example.net', 'second@other.example'],
    acceptedAtMs: T0 - 3 * dayMs,
  });
  const gone = newMessage(
    { is: 'discarded', text: 'route 3' },
    { from: '', client: 'cron', acceptedAtMs: T0 - 10, lane: null },
  );
  const rests = waiting(T0, { lane: 'ses', to: ['q@example.net'], client: 'web' });
  await store.accept([old, gone, rests]);
  const results = [{ index: 0, outcome: 'delivered', text: '250 Ok', providerId: 'x-77' }] as const;
  await end(store, old, { attempt: tried({ account: 'gmail', results }) });
  return [old, gone, rests];
}

function searchContract(current: () => OpenStore): void {
  describe('search', () => {
    const cases: [LogQuery, string][] = [
      [{}, '210'],
      [{ sender: 'erp@velosi.EXAMPLE' }, '210'],
      [{ sender: '@velosi.example' }, '210'],
      [{ sender: '<>' }, '1'],
      [{ recipient: 'you@example.net' }, '10'],
      [{ recipient: '@EXAMPLE.net' }, '210'],
      [{ recipient: 'second@other.example' }, '0'],
      [{ recipient: 'other.example' }, ''],
      [{ client: 'cron' }, '1'],
      [{ client: 'web' }, '2'],
      [{ account: 'gmail' }, '0'],
      [{ account: 'ses' }, '2'],
      [{ account: 'ses', client: 'cron' }, ''],
      [{ account: 'gmail', client: 'velosi', recipient: '@example.net' }, '0'],
      [{ messageIdField: '1@velosi.example' }, '210'],
      [{ messageIdField: '<1@VELOSI.example>' }, '210'],
      [{ messageIdField: '<2@velosi.example>' }, ''],
      [{ providerId: 'x-77' }, '0'],
      [{ providerId: 'x-78' }, ''],
      [{ sinceMs: T0 - 10 }, '21'],
      [{ untilMs: T0 - 10 }, '0'],
      [{ sinceMs: T0 - 10, untilMs: T0 }, '1'],
    ];
    test.each(cases)('%j finds %s, the newest first', async (query, wanted) => {
      const { store } = current();
      const ids = (await three(store)).map(({ message }) => message.id);
      const found = await store.search({ query, before: null, limit: 10 });
      const shown = found.entries.map(({ queued, history }) =>
        ids.indexOf((queued ?? history)?.message.id ?? ('' as MessageId)),
      );
      expect(shown.join('')).toBe(wanted);
      expect(found).toMatchObject({ next: null, unindexed: 0 });
    });

    test('by id, with both sides of a message of which a part still waits', async () => {
      const { store } = current();
      const [old] = await three(store);
      const both = leased({ to: ['a@x.example', 'b@x.example'] });
      await store.accept([both]);
      await store.settle({
        id: both.message.id,
        lease: leaseOf(),
        recipients: [becomes(0, delivered)],
        attempt: attempt(),
        notifications: [],
      });
      const find = async (query: LogQuery) =>
        (await store.search({ query, before: null, limit: 10 })).entries;
      expect(await find({ id: old?.message.id ?? both.message.id })).toHaveLength(1);
      const found = await find({ id: both.message.id });
      expect(found).toHaveLength(1);
      expect(found[0]?.queued?.recipients).toHaveLength(1);
      expect(found[0]?.history?.recipients).toHaveLength(1);
      expect(await find({ recipient: 'a@x.example' })).toHaveLength(1);
    });

    test('page by page nothing is missed and nothing comes twice', async () => {
      const { store } = current();
      const all = Array.from({ length: 9 }, (_, at) =>
        (at % 3 === 0 ? leased : (given: object) => waiting(T0, given))({ acceptedAtMs: T0 + at }),
      );
      await store.accept(all);
      for (const one of all) if (one.start.is === 'leased') await end(store, one);
      const seen: (MessageId | undefined)[] = [];
      let before: MessageId | null = null;
      do {
        const page = await store.search({ query: { client: 'velosi' }, before, limit: 2 });
        seen.push(...page.entries.map((one) => (one.queued ?? one.history)?.message.id));
        before = page.next;
      } while (before !== null);
      expect(seen).toEqual(all.map(({ message }) => message.id).reverse());
    });

    test('what expired is not found', async () => {
      const { store } = current();
      await three(store);
      await store.expireHistory(Date.now() + T0);
      const { entries } = await store.search({ query: { client: 'cron' }, before: null, limit: 9 });
      expect(entries).toEqual([]);
      const rest = await store.search({ query: {}, before: null, limit: 9 });
      expect(rest.entries).toHaveLength(1);
    });
  });
}
