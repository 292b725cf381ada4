import { describe, expect, test } from 'vitest';
import type { Settlement } from '../../src/relay/queue.ts';
import { attempt, becomes, delivered, held, leased, leaseOf, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const lease = leaseOf();
const claimAll = { lane: 'gmail', nowMs: T0 + 1_000, lease, limit: 10 };

function settlement(id: Settlement['id'], rest: Partial<Settlement>): Settlement {
  return { id, lease, recipients: [], attempt: null, notifications: [], ...rest };
}

export function leaseContract(current: () => OpenStore): void {
  claimContract(current);
  settleContract(current);
}

function claimContract(current: () => OpenStore): void {
  describe('claim', () => {
    test('gives what is due in its lane, earliest first, up to the limit, once', async () => {
      const { store } = current();
      const [late, early, notYet] = [waiting(T0 + 30), waiting(T0 + 10), waiting(T0 + 5_000)];
      await store.accept([late, early, notYet, waiting(T0, { lane: 'ses' }), held()]);
      const first = await store.claim({ ...claimAll, limit: 1 });
      expect(first.map(({ message }) => message.id)).toEqual([early.message.id]);
      expect(first[0]?.lease).toEqual(lease);
      expect(first[0]?.message).toEqual(early.message);
      const second = await store.claim(claimAll);
      expect(second.map(({ message }) => message.id)).toEqual([late.message.id]);
      expect(await store.claim(claimAll)).toEqual([]);
    });

    test('gives in-doubt mail when its own delay is over, and says that it is in doubt', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const doubt = becomes(0, { is: 'in-doubt', dueAtMs: T0 + 900, lane: 'gmail' }, 'no reply');
      await store.settle(settlement(one.message.id, { recipients: [doubt] }));
      expect(await store.claim({ ...claimAll, nowMs: T0 + 899 })).toEqual([]);
      const [work] = await store.claim({ ...claimAll, nowMs: T0 + 900 });
      expect(work?.recipients[0]).toMatchObject({ state: 'in-doubt', attempts: 1 });
    });

    test('leases only the recipients that are due', async () => {
      const { store } = current();
      const one = leased({ to: ['a@x.example', 'b@x.example', 'c@x.example'] });
      await store.accept([one]);
      const later = { is: 'waiting', counted: true, delayWarned: false, lane: 'gmail' } as const;
      await store.settle(
        settlement(one.message.id, {
          recipients: [
            becomes(0, { ...later, dueAtMs: T0 + 10 }),
            becomes(1, { ...later, dueAtMs: T0 + 9_000 }),
            becomes(2, { ...later, dueAtMs: T0 + 10, lane: 'ses' }),
          ],
        }),
      );
      const [work] = await store.claim(claimAll);
      expect(work?.recipients.map(({ index }) => index)).toEqual([0]);
      expect(work?.message.envelope.recipients).toHaveLength(3);
    });

    test('expired mail is given whatever its lane and state, unless leased', async () => {
      const { store } = current();
      const over = { expiresAtMs: T0 + 10 };
      const both = [waiting(T0 + 99_999, over), held('route', { ...over, lane: null })];
      await store.accept([...both, leased(over), waiting()]);
      const work = await store.claimExpired({ nowMs: T0 + 10, lease, limit: 10 });
      const ids = both.map(({ message }) => message.id).sort();
      expect(work.map(({ message }) => message.id).sort()).toEqual(ids);
      expect(await store.claimExpired({ nowMs: T0 + 10, lease, limit: 10 })).toEqual([]);
      expect(work.map(({ recipients }) => recipients[0]?.state).sort()).toEqual([
        'held',
        'waiting',
      ]);
    });

    test('an operator can lease what a filter names', async () => {
      const { store } = current();
      const wanted = waiting(T0 + 99_999, { to: ['a@x.example', 'b@y.example'] });
      await store.accept([wanted, waiting()]);
      const filter = { recipient: '@y.example' };
      const work = await store.claimMatching({ filter, lease, limit: 5 });
      expect(work.map(({ message }) => message.id)).toEqual([wanted.message.id]);
      expect(work[0]?.recipients.map(({ index }) => index)).toEqual([1]);
    });
  });
}

function settleContract(current: () => OpenStore): void {
  describe('settle', () => {
    test('the last recipient takes the message along, and the history keeps it', async () => {
      const { store } = current();
      const one = leased({ to: ['a@x.example', 'b@x.example'] });
      const { id } = one.message;
      await store.accept([one]);
      await store.settle(
        settlement(id, { recipients: [becomes(0, delivered)], attempt: attempt() }),
      );
      expect((await store.show(id)).queued?.recipients.map(({ index }) => index)).toEqual([1]);
      expect((await store.show(id)).history?.settledAtMs).toBeNull();
      const bounced = { is: 'settled', outcome: 'bounced' } as const;
      const second = { ...becomes(1, bounced, '550 5.1.1 no'), reason: 'recipient' } as const;
      await store.settle(settlement(id, { recipients: [second], attempt: attempt('550') }));
      expect(await store.body(id)).toBeNull();
      expect(await store.counts()).toEqual([]);
      const { queued, history } = await store.show(id);
      expect(queued).toBeNull();
      expect(history?.message).toEqual(one.message);
      expect(history?.settledAtMs).not.toBeNull();
      expect(history?.attempts).toEqual([attempt(), attempt('550')]);
      expect(history?.recipients).toMatchObject([
        { index: 0, outcome: 'delivered', reason: 'ok', text: '250 2.0.0 Ok' },
        { index: 1, outcome: 'bounced', reason: 'recipient', text: '550 5.1.1 no' },
      ]);
    });

    test('a deferred recipient waits with its new lane, due time and cause', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const next = {
        is: 'waiting',
        dueAtMs: T0 + 60,
        counted: true,
        delayWarned: true,
        lane: 'ses',
      } as const;
      const text = '421 4.7.0 later';
      const deferred = { ...becomes(0, next, text), reason: 'upstream' } as const;
      await store.settle(settlement(one.message.id, { recipients: [deferred] }));
      const { queued } = await store.show(one.message.id);
      expect(queued?.recipients).toEqual([
        {
          index: 0,
          state: 'waiting',
          lane: 'ses',
          attempts: 1,
          dueAtMs: T0 + 60,
          delayWarned: true,
          lastText: text,
          lastReason: 'upstream',
        },
      ]);
      expect(await store.body(one.message.id)).not.toBeNull();
    });

    test('an attempt that does not count leaves the number as it was', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const next = {
        is: 'waiting',
        dueAtMs: T0,
        counted: false,
        delayWarned: false,
        lane: 'gmail',
      } as const;
      await store.settle(settlement(one.message.id, { recipients: [becomes(0, next)] }));
      const [work] = await store.claim(claimAll);
      expect(work?.recipients[0]?.attempts).toBe(0);
    });

    test('held mail stays in its lane until someone acts', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const hold = {
        ...becomes(0, { is: 'held' }, '535 5.7.8 no'),
        reason: 'credentials',
      } as const;
      await store.settle(settlement(one.message.id, { recipients: [hold] }));
      expect(await store.claim({ ...claimAll, nowMs: T0 * 2 })).toEqual([]);
      expect(await store.counts()).toMatchObject([{ lane: 'gmail', state: 'held', recipients: 1 }]);
    });

    test('notifications enter the queue in the same transaction', async () => {
      const { store } = current();
      const [one, dsn] = [leased(), waiting(T0, { from: '', client: 'relayd' })];
      await store.accept([one]);
      const bounced = becomes(0, { is: 'settled', outcome: 'bounced' }, '550 no');
      await store.settle(
        settlement(one.message.id, { recipients: [bounced], notifications: [dsn] }),
      );
      const page = await store.list({ filter: {}, after: null, limit: 10 });
      expect(page.rows.map(({ message }) => message.id)).toEqual([dsn.message.id]);
      const again = settlement(one.message.id, {
        recipients: [bounced],
        notifications: [waiting()],
      });
      await expect(store.settle(again)).rejects.toMatchObject({ name: 'AssertionError' });
      expect((await store.list({ filter: {}, after: null, limit: 10 })).rows).toHaveLength(1);
    });

    test('a lease that is not ours cannot be settled', async () => {
      const { store } = current();
      const one = leased({}, 'run-2');
      await store.accept([one, leased()]);
      const theirs = settlement(one.message.id, { recipients: [becomes(0, delivered)] });
      await expect(store.settle(theirs)).rejects.toMatchObject({ name: 'AssertionError' });
      expect((await store.show(one.message.id)).queued?.recipients[0]?.state).toBe('leased');
      const none = waiting();
      await store.accept([none]);
      const unleased = settlement(none.message.id, { recipients: [becomes(0, delivered)] });
      await expect(store.settle(unleased)).rejects.toMatchObject({ name: 'AssertionError' });
    });
  });
}
