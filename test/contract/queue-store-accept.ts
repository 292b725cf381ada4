import { describe, expect, test } from 'vitest';
import { messageIdToNumber } from '../../src/relay/message-id.ts';
import { held, leased, leaseOf, newMessage, T0, waiting } from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

export function acceptContract(current: () => OpenStore): void {
  describe('accept', () => {
    test('keeps envelope, body and every field of the message', async () => {
      const { store } = current();
      const plain = newMessage(
        { is: 'waiting', dueAtMs: T0 },
        { to: ['"a b"@example.net', 'Ünïcode@exämple.net', 'x@example.net'] },
      );
      const body = Buffer.from([0x53, 0x3a, 0x20, 0xff, 0x0d, 0x0a, 0x0d, 0x0a, 0x00]);
      const message = {
        ...plain.message,
        envelope: {
          ...plain.message.envelope,
          reversePath: '',
          recipients: [
            { forwardPath: '"a b"@example.net', notify: 'SUCCESS,DELAY', orcpt: 'rfc822;a+20b' },
            { forwardPath: 'Ünïcode@exämple.net', notify: null, orcpt: null },
            { forwardPath: 'x@example.net', notify: 'NEVER', orcpt: null, blind: true as const },
          ],
          body: '8BITMIME' as const,
          smtpUtf8: true,
          ret: 'HDRS' as const,
          envid: 'QQ+2B1',
        },
        from: 'Some.One@example.org',
        alsoFrom: ['two@example.org', '[odd"@example.org'],
        messageIdField: null,
        boundAccount: 'gmail',
        routeSender: 'someone@velosi.example',
        routeHeaders: { 'x-stream': 'newsletter' },
        eightBit: true,
        headerUtf8: true,
        trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true },
        bytes: body.length,
      };
      await store.accept([{ ...plain, message, body: { in: 'memory', bytes: body } }]);
      const shown = await store.show(message.id);
      expect(shown.queued?.message).toEqual(message);
      expect(shown.queued?.recipients.map(({ index }) => index)).toEqual([0, 1, 2]);
      const kept = await store.body(message.id);
      expect(kept?.in === 'memory' && Buffer.compare(kept.bytes, body)).toBe(0);
    });

    test('what is discarded is in the history at once, and never in the queue', async () => {
      const { store } = current();
      const to = ['a@x.example', 'b@x.example'];
      const start = { is: 'discarded', text: 'discarded by its route' } as const;
      const { message, body } = newMessage(start, { to });
      await store.accept([{ message, body, lane: null, start }]);
      const { queued, history } = await store.show(message.id);
      expect(queued).toBeNull();
      expect(history?.message).toEqual(message);
      expect(history?.settledAtMs).not.toBeNull();
      expect(history?.recipients).toMatchObject([
        { index: 0, outcome: 'discarded', text: 'discarded by its route' },
        { index: 1, outcome: 'discarded' },
      ]);
      expect(await store.counts()).toEqual([]);
      expect(await store.body(message.id)).toBeNull();
      const stats = await store.stats();
      expect(stats.lastMessageNumber).toBe(messageIdToNumber(message.id));
    });

    test('states at the start: leased, waiting when due, held with its reason', async () => {
      const { store } = current();
      const three = [leased(), waiting(T0 + 5), held('by the route', { lane: null })];
      await store.accept(three);
      const page = await store.list({ filter: {}, after: null, limit: 10 });
      const states = page.rows.map(({ recipients }) => recipients[0]);
      expect(states.map((one) => one?.state).sort()).toEqual(['held', 'leased', 'waiting']);
      expect(states.find((one) => one?.state === 'waiting')).toMatchObject({
        lane: 'gmail',
        attempts: 0,
        dueAtMs: T0 + 5,
        delayWarned: false,
        lastText: null,
        lastReason: null,
      });
      expect(states.find((one) => one?.state === 'held')).toMatchObject({
        lane: null,
        lastText: 'by the route',
      });
    });

    test('is all or nothing', async () => {
      const { store } = current();
      const first = waiting();
      await store.accept([first]);
      await expect(store.accept([waiting(), first])).rejects.toMatchObject({
        name: 'AssertionError',
      });
      expect((await store.list({ filter: {}, after: null, limit: 10 })).rows).toHaveLength(1);
      expect((await store.counts())[0]?.recipients).toBe(1);
    });

    test('after one that was refused, leases are given and ended as before', async () => {
      const { store } = current();
      const first = leased();
      await store.accept([first]);
      await expect(store.accept([leased(), first])).rejects.toMatchObject({
        name: 'AssertionError',
      });
      await store.accept([leased({ lane: 'ses' }), waiting()]);
      const query = { lane: 'gmail', nowMs: T0, lease: leaseOf(), limit: 9 };
      expect(await store.claim(query)).toHaveLength(1);
    });

    test('a bad operation does not take the good ones of its batch along', async () => {
      const { store } = current();
      const first = waiting();
      await store.accept([first]);
      const ends = await Promise.allSettled([
        store.accept([waiting()]),
        store.accept([first]),
        store.accept([waiting(T0, { lane: 'ses' })]),
      ]);
      expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((await store.list({ filter: {}, after: null, limit: 10 })).rows).toHaveLength(3);
    });

    test('an unknown message has no body and nothing to show', async () => {
      const { store } = current();
      const { message } = waiting();
      expect(await store.body(message.id)).toBeNull();
      expect(await store.show(message.id)).toEqual({ queued: null, history: null });
    });

    test('the highest message number is remembered', async () => {
      const { store } = current();
      const later = waiting(T0, { acceptedAtMs: T0 + 50 });
      await store.accept([later]);
      await store.accept([waiting()]);
      const number = messageIdToNumber(later.message.id);
      expect((await store.stats()).lastMessageNumber).toBe(number);
    });

    test('after close every call is refused as closed', async () => {
      const { store } = current();
      await store.close();
      await expect(store.accept([waiting()])).rejects.toMatchObject({
        name: 'StoreError',
        fault: 'closed',
      });
      await expect(store.counts()).rejects.toMatchObject({ fault: 'closed' });
      await store.close();
    });
  });

  describe('counts and next times', () => {
    test('an empty queue has none', async () => {
      const { store } = current();
      expect(await store.counts()).toEqual([]);
      expect(await store.nextExpiry()).toBeNull();
    });

    test('count recipients per lane and state, with the oldest and the next due', async () => {
      const { store } = current();
      await store.accept([
        waiting(T0 + 9, { acceptedAtMs: T0 + 2, to: ['a@x.example', 'b@x.example'] }),
        waiting(T0 + 7, { acceptedAtMs: T0 + 3 }),
        waiting(T0 + 1, { lane: 'ses', acceptedAtMs: T0 + 4 }),
        leased({ acceptedAtMs: T0 + 5 }),
        held('route', { lane: null, acceptedAtMs: T0 + 6 }),
      ]);
      const counts = await store.counts();
      const of = (lane: string | null, state: string) =>
        counts.find((one) => one.lane === lane && one.state === state);
      expect(counts).toHaveLength(4);
      expect(of('gmail', 'waiting')).toMatchObject({
        recipients: 3,
        oldestAcceptedAtMs: T0 + 2,
        nextDueAtMs: T0 + 7,
      });
      expect(of('ses', 'waiting')).toMatchObject({ recipients: 1, nextDueAtMs: T0 + 1 });
      expect(of('gmail', 'leased')).toMatchObject({
        recipients: 1,
        oldestAcceptedAtMs: T0 + 5,
        nextDueAtMs: null,
      });
      expect(of(null, 'held')).toMatchObject({ recipients: 1, nextDueAtMs: null });
    });

    test('the next expiry is that of the first resting recipient', async () => {
      const { store } = current();
      await store.accept([
        leased({ expiresAtMs: T0 + 1 }),
        waiting(T0, { expiresAtMs: T0 + 20 }),
        held('route', { expiresAtMs: T0 + 10 }),
      ]);
      expect(await store.nextExpiry()).toBe(T0 + 10);
    });
  });
}
