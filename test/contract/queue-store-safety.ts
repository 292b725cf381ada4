import { describe, expect, test } from 'vitest';
import type { HeldSender } from '../../src/relay/held-sender.ts';
import type { MessageId } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import type { Refusals } from '../../src/relay/refusals.ts';
import { becomes, leased, leaseOf, type MessageOptions, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const refusals: Refusals = {
  credentialVersion: 'v1',
  seen: [{ id: '0g8k3mzq1a7' as MessageId, text: 'no', atMs: T0 }],
};

const shop: HeldSender = {
  account: 'ses',
  sender: 'shop@x.example',
  detail: '554 Email address is not verified.',
  hint: 'Verify it.',
  sinceMs: T0,
  standing: 's1',
};

/** One message, held because of its sender. */
async function heldMail(store: QueueStore, options: MessageOptions) {
  const one = leased({ lane: 'ses', ...options });
  await store.accept([one]);
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  const recipients = one.message.envelope.recipients.map((_, at) => ({
    ...becomes(at, { is: 'held' }),
    reason: 'sender' as const,
  }));
  await store.settle({ id: one.message.id, recipients, ...rest });
  return one.message.id;
}

/** The same data, opened again where that is possible. */
const again = async ({ store, reopen }: OpenStore): Promise<QueueStore> =>
  (await reopen?.()) ?? store;

async function states(store: QueueStore): Promise<Record<string, string>> {
  const { rows } = await store.list({ filter: {}, after: null, limit: 100 });
  const found = rows.flatMap(({ message, recipients }) =>
    recipients.map(({ state, index }) => [`${message.id} ${index}`, state] as const),
  );
  return Object.fromEntries(found);
}

export function safetyContract(current: () => OpenStore): void {
  describe('refusals', () => {
    test('are kept over a restart, and forgotten', async () => {
      await current().store.saveRefusals('ses', refusals);
      await current().store.saveRefusals('gmail', refusals);
      await current().store.saveRefusals('gmail', null);
      const store = await again(current());
      expect(await store.refusals()).toEqual(new Map([['ses', refusals]]));
    });
  });

  describe('held senders', () => {
    test('are kept over a restart; the newest word counts', async () => {
      await current().store.holdSender(shop);
      await current().store.holdSender({ ...shop, sender: 'a@x.example' });
      await current().store.holdSender({ ...shop, detail: 'again' });
      const store = await again(current());
      const held = [...(await store.heldSenders())].sort((a, b) => (a.sender < b.sender ? -1 : 1));
      expect(held).toEqual([
        { ...shop, sender: 'a@x.example' },
        { ...shop, detail: 'again' },
      ]);
    });

    test('one is released with its mail alone, by reverse-path or From', async () => {
      const { store } = current();
      await store.holdSender(shop);
      await store.holdSender({ ...shop, sender: 'a@x.example' });
      const mine = await heldMail(store, {
        from: 'Shop@X.example',
        to: ['b@y.example', 'c@y.example'],
      });
      const other = await heldMail(store, { from: 'a@x.example' });
      const elsewhere = await heldMail(store, { from: 'shop@x.example', lane: 'gmail' });
      const stopped = waiting(T0, { from: 'shop@x.example', lane: 'ses' });
      await store.accept([{ ...stopped, start: { is: 'held', reason: 'by an operator' } }]);
      const released = await store.releaseSenders({
        account: 'ses',
        sender: 'shop@x.example',
        dueAtMs: T0 + 5,
      });
      expect(released).toEqual({ senders: ['shop@x.example'], recipients: 2, messages: 1 });
      expect(await states(store)).toEqual({
        [`${mine} 0`]: 'waiting',
        [`${mine} 1`]: 'waiting',
        [`${other} 0`]: 'held',
        [`${elsewhere} 0`]: 'held',
        [`${stopped.message.id} 0`]: 'held',
      });
      expect((await store.heldSenders()).map(({ sender }) => sender)).toEqual(['a@x.example']);
      const from = { account: 'ses', sender: 'erp@velosi.example', dueAtMs: T0 + 5 };
      expect(await store.releaseSenders(from)).toMatchObject({ senders: [], recipients: 1 });
      const counts = (await store.counts()).filter(({ lane }) => lane === 'ses');
      expect(counts).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ state: 'waiting', recipients: 3, nextDueAtMs: T0 + 5 }),
          expect.objectContaining({ state: 'held', recipients: 1 }),
        ]),
      );
    });

    test('mail from nobody who is held was rewritten: it goes with any of them', async () => {
      const { store } = current();
      await store.holdSender({ ...shop, sender: 'own@x.example' });
      await store.holdSender(shop);
      const rewritten = await heldMail(store, { from: 'app@b.example' });
      const mine = await heldMail(store, { from: 'shop@x.example' });
      const nobody = { account: 'ses', sender: 'who@x.example', dueAtMs: T0 };
      expect(await store.releaseSenders(nobody)).toMatchObject({ recipients: 0 });
      const released = await store.releaseSenders({ ...nobody, sender: 'own@x.example' });
      expect(released).toEqual({ senders: ['own@x.example'], recipients: 1, messages: 1 });
      expect(await states(store)).toEqual({ [`${rewritten} 0`]: 'waiting', [`${mine} 0`]: 'held' });
      const another = await heldMail(store, { from: 'b@b.example' });
      expect(await store.liftSenders({ id: another })).toEqual([
        { account: 'ses', sender: 'shop@x.example' },
      ]);
    });

    test('all of an account are released, also mail whose sender is no longer held', async () => {
      const { store } = current();
      await store.holdSender(shop);
      await heldMail(store, { from: 'shop@x.example' });
      await heldMail(store, { from: 'b@x.example' });
      const released = await store.releaseSenders({ account: 'ses', sender: null, dueAtMs: T0 });
      expect(released).toEqual({ senders: ['shop@x.example'], recipients: 2, messages: 2 });
      expect(await store.heldSenders()).toEqual([]);
    });

    test('those that stop mail that matches are lifted, and the mail stays', async () => {
      const { store } = current();
      await store.holdSender(shop);
      await store.holdSender({ ...shop, sender: 'a@x.example' });
      const mine = await heldMail(store, { from: 'shop@x.example' });
      await heldMail(store, { from: 'a@x.example' });
      expect(await store.liftSenders({ id: mine })).toEqual([
        { account: 'ses', sender: 'shop@x.example' },
      ]);
      expect(await store.liftSenders({ account: 'gmail' })).toEqual([]);
      expect((await states(store))[`${mine} 0`]).toBe('held');
      expect(await store.liftSenders({ sender: '@x.example', states: ['held'] })).toEqual([
        { account: 'ses', sender: 'a@x.example' },
      ]);
    });
  });
}
