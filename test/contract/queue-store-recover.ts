import { describe, expect, test } from 'vitest';
import type { MessageId } from '../../src/relay/message.ts';
import { messageIdToNumber } from '../../src/relay/message-id.ts';
import { becomes, delivered, leased, leaseOf, owner, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const query = {
  owner: owner('run-2'),
  nowMs: T0 + 100,
  dotted: new Set<MessageId>(),
  inDoubtDueAtMs: T0 + 900,
  inDoubtHold: false,
};

export function recoverContract(current: () => OpenStore): void {
  describe('recover', () => {
    test('same boot: before the dot due at once, past it in doubt, own leases untouched', async () => {
      const { store } = current();
      const [before, past, own] = [leased(), leased(), leased({}, 'run-2')];
      await store.accept([before, past, own, waiting(T0 + 5_000)]);
      const dotted = new Set([past.message.id, own.message.id]);
      const recovered = await store.recover({ ...query, dotted });
      expect(recovered).toEqual({ requeued: 1, inDoubt: 1, quarantined: 0 });
      const state = async (id: MessageId) => (await store.show(id)).queued?.recipients[0];
      expect(await state(before.message.id)).toMatchObject({ state: 'waiting', dueAtMs: T0 + 100 });
      expect(await state(past.message.id)).toMatchObject({
        state: 'in-doubt',
        dueAtMs: T0 + 900,
        lastReason: 'in-doubt',
      });
      expect(await state(own.message.id)).toMatchObject({ state: 'leased' });
      const gone = { id: before.message.id, lease: leaseOf('run-1'), attempt: null };
      const late = { ...gone, recipients: [becomes(0, delivered)], notifications: [] };
      await expect(store.settle(late)).rejects.toMatchObject({ name: 'AssertionError' });
    });

    test('another boot: every lease is in doubt, or held when so configured', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const other = { ...query, owner: owner('run-2', 'boot-2') };
      expect(await store.recover({ ...other, inDoubtHold: true })).toMatchObject({ inDoubt: 1 });
      const { queued } = await store.show(one.message.id);
      expect(queued?.recipients[0]).toMatchObject({ state: 'held', lastReason: 'in-doubt' });
      expect(await store.recover(other)).toEqual({ requeued: 0, inDoubt: 0, quarantined: 0 });
    });

    test('mail in doubt before an attempt that did not reach the dot still is', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const doubt = { is: 'in-doubt', dueAtMs: T0, lane: 'gmail' } as const;
      const recipients = [{ ...becomes(0, doubt, 'no reply'), reason: 'in-doubt' as const }];
      const ended = { id: one.message.id, lease: leaseOf(), attempt: null, notifications: [] };
      await store.settle({ ...ended, recipients });
      await store.claim({ lane: 'gmail', nowMs: T0, lease: leaseOf(), limit: 1 });
      expect(await store.recover(query)).toMatchObject({ requeued: 1 });
      const { queued } = await store.show(one.message.id);
      expect(queued?.recipients[0]).toMatchObject({ state: 'in-doubt', dueAtMs: T0 + 100 });
    });

    test('mail in doubt before keeps the reason it had, also when this attempt reached the dot', async () => {
      const { store } = current();
      const one = leased();
      await store.accept([one]);
      const doubt = { is: 'in-doubt', dueAtMs: T0, lane: 'gmail' } as const;
      const recipients = [{ ...becomes(0, doubt, 'no reply'), reason: 'in-doubt' as const }];
      const ended = { id: one.message.id, lease: leaseOf(), attempt: null, notifications: [] };
      await store.settle({ ...ended, recipients });
      await store.claim({ lane: 'gmail', nowMs: T0, lease: leaseOf(), limit: 1 });
      await store.recover({ ...query, dotted: new Set([one.message.id]) });
      const { queued } = await store.show(one.message.id);
      expect(queued?.recipients[0]).toMatchObject({ state: 'in-doubt', lastText: 'no reply' });
    });

    test('what was accepted is there after closing and opening again', async () => {
      const { store, reopen } = current();
      if (reopen === null) return;
      const [one, two] = [leased(), waiting(T0, { acceptedAtMs: T0 + 77 })];
      await store.accept([one, two]);
      const settled = { id: one.message.id, lease: leaseOf(), attempt: null, notifications: [] };
      await store.settle({ ...settled, recipients: [becomes(0, delivered)] });
      await store.setAccountState('gmail', {
        is: 'held',
        reason: 'credentials',
        detail: '535',
        sinceMs: T0,
        credentialVersion: 'v1',
      });
      const again = await reopen();
      expect(await again.counts()).toMatchObject([{ lane: 'gmail', state: 'waiting' }]);
      expect((await again.show(two.message.id)).queued?.message).toEqual(two.message);
      expect((await again.show(one.message.id)).history?.settledAtMs).not.toBeNull();
      expect((await again.accountStates()).get('gmail')?.is).toBe('held');
      const number = messageIdToNumber(two.message.id);
      expect((await again.stats()).lastMessageNumber).toBe(number);
    });
  });
}
