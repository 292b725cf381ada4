import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { QueueStore } from '../../../src/relay/ports.ts';
import type { Disposition, Work } from '../../../src/relay/queue.ts';
import { becomes, held, leased, leaseOf, owner, T0, waiting } from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';
import { tamper, temporaryDirectory, testStore } from './temporary.ts';

/** Some operation with the dice that decide its details. */
interface Step {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
}

const LANES = ['gmail', 'ses', 'sg'];
const FILTERS = [
  {},
  { account: 'ses' },
  { recipient: '@x.example' },
  { states: ['held' as const] },
  { client: 'velosi', recipient: 'a@x.example' },
];

const DISPOSITIONS: ((at: number) => Disposition)[] = [
  () => ({ is: 'settled', outcome: 'delivered' }),
  () => ({ is: 'settled', outcome: 'bounced' }),
  (at) => ({ is: 'waiting', dueAtMs: T0 + at, counted: true, delayWarned: false, lane: 'ses' }),
  (at) => ({ is: 'in-doubt', dueAtMs: T0 + at, lane: 'gmail' }),
  () => ({ is: 'held' }),
];

/** One random operation on both stores; what they answer must be equal. */
async function step(
  stores: readonly QueueStore[],
  { kind, a, b }: Step,
  out: Work[],
): Promise<unknown> {
  const both = async <T>(ask: (store: QueueStore) => Promise<T>): Promise<T> => {
    const [first, second] = await Promise.all(stores.map(ask));
    expect(second).toEqual(first);
    return first as T;
  };
  const lane = LANES[a % LANES.length] ?? 'gmail';
  const filter = FILTERS[b % FILTERS.length] ?? {};
  const to = ['a@x.example', 'b@y.example', 'c@x.example'].slice(0, 1 + (b % 3));
  const options = { to, lane, expiresAtMs: T0 + 20 + a };
  const query = { lease: leaseOf(), limit: 1 + (b % 3) };
  const take = async (work: Promise<Work[]>) => void out.push(...(await work));
  switch (kind) {
    case 0:
      return both((store) => store.accept([leased(options)].slice(1)));
    case 1: {
      const given = [leased(options), waiting(T0 + b, options), held('why', options)];
      const one = given.slice(b % 3, 1 + (b % 3));
      if (one[0]?.start.is === 'leased') {
        const states = one[0].message.envelope.recipients.map((_, index) => ({ index }));
        out.push({ message: one[0].message, recipients: states as never, lease: leaseOf() });
      }
      return both((store) => store.accept(one));
    }
    case 2:
      return take(both((store) => store.claim({ lane, nowMs: T0 + a, ...query, limit: 99 })));
    case 3:
      return take(both((store) => store.claimExpired({ nowMs: T0 + a, ...query, limit: 99 })));
    case 4:
      return take(both((store) => store.claimMatching({ filter, ...query })));
    case 5: {
      const work = out.shift();
      if (work === undefined) return undefined;
      const next = DISPOSITIONS[a % DISPOSITIONS.length] ?? DISPOSITIONS[0];
      const recipients = work.recipients.map(({ index }) =>
        becomes(index, next?.(b) as Disposition),
      );
      const rest = { lease: work.lease, attempt: null, notifications: [] };
      return both((store) => store.settle({ id: work.message.id, recipients, ...rest }));
    }
    case 6:
      return both((store) => store.flush({ filter, includeHeld: a % 2 === 0, nowMs: T0 + a }));
    case 7:
      return both((store) =>
        store.act({ filter, action: { is: 'hold', reason: 'operator' }, nowMs: T0 }),
      );
    case 8:
      return both((store) =>
        store.act({ filter, action: { is: 'release', dueAtMs: T0 + a }, nowMs: T0 }),
      );
    case 9:
      return both((store) => store.act({ filter, action: { is: 'remove' }, nowMs: T0 }));
    case 10:
      return both((store) => store.clampDue(T0 + a));
    case 11: {
      const page = await both((store) => store.list({ filter, after: null, limit: 3 }));
      const moves = page.rows.map(({ message }) => ({ id: message.id, lane }));
      return both((store) => store.relane(moves));
    }
    default: {
      const dotted = new Set(out.slice(0, a % 3).map(({ message }) => message.id));
      out.length = 0;
      const due = { nowMs: T0 + a, inDoubtDueAtMs: T0 + a + b, inDoubtHold: b % 2 === 0 };
      return both((store) => store.recover({ owner: owner('other'), dotted, ...due }));
    }
  }
}

const sorted = <T>(rows: readonly T[]): T[] =>
  [...rows].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));

test('the database does what the plain maps do, whatever is asked in whatever order', async () => {
  const some = fc.record({ kind: fc.nat(12), a: fc.nat(40), b: fc.nat(40) });
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 5, maxLength: 60 }), async (steps) => {
      const directory = temporaryDirectory();
      const { store } = testStore(directory);
      const memory = openMemoryStore(() => T0);
      const out: Work[] = [];
      for (const one of steps) {
        await step([memory, store], one, out);
        expect(sorted(await store.counts())).toEqual(sorted(await memory.counts()));
        expect(await store.nextExpiry()).toEqual(await memory.nextExpiry());
      }
      const page = { filter: {}, after: null, limit: 100 } as const;
      expect(await store.list(page)).toEqual(await memory.list(page));
      const history = { limit: 100, before: null };
      expect(await store.history(history)).toEqual(await memory.history(history));
      await store.close();
      tamper(directory, (db) => {
        expect(db.pragma('foreign_key_check')).toEqual([]);
        const left =
          'SELECT COUNT(*) FROM bodies WHERE message_id NOT IN (SELECT id FROM messages)';
        expect(db.prepare(left).pluck().get()).toBe(0);
      });
    }),
    { numRuns: 40 },
  );
});
