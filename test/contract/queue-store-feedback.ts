import { describe, expect, test } from 'vitest';
import type { FeedbackEvent, FeedbackNote } from '../../src/relay/feedback.ts';
import type { Suppression } from '../../src/relay/suppression.ts';
import {
  attempt,
  becomes,
  dayMs,
  delivered,
  idAt,
  leased,
  leaseOf,
  T0,
  waiting,
} from './fixtures.ts';
import type { OpenStore } from './queue-store.ts';

const bounced: FeedbackEvent = {
  is: 'feedback',
  atMs: T0 + 5,
  index: 0,
  kind: 'bounced',
  provider: 'ses',
  account: 'gmail',
  text: '550 5.1.1 no such user',
};

const entry = (address: string, more: Partial<Suppression> = {}): Suppression => ({
  address,
  account: null,
  reason: 'bounce',
  detail: '550 5.1.1 no such user',
  sinceMs: T0,
  untilMs: null,
  ...more,
});

const unknown = (key: string, suppression: Suppression | null = null): FeedbackNote => ({
  key,
  about: {
    is: 'unknown',
    said: { atMs: T0, provider: 'ses', kind: 'complained', providerId: key },
  },
  suppression,
});

const forgetAtMs = T0 + dayMs;
const page = { after: null, limit: 10 };

export function feedbackContract(current: () => OpenStore): void {
  describe('feedback', () => {
    test('is attached to the message, once, also after a restart', async () => {
      const { store } = current();
      const one = leased();
      const { id } = one.message;
      await store.accept([one]);
      const recipients = [becomes(0, delivered)];
      const lease = leaseOf();
      await store.settle({ id, lease, recipients, attempt: attempt(), notifications: [] });
      const note = { key: 'a', about: { is: 'message', id, event: bounced }, suppression: null };
      const post = { key: 'post', forgetAtMs, notes: [note as FeedbackNote] };
      expect(await store.noteFeedback(post)).toEqual({ replayed: false, fresh: [0] });
      expect((await store.show(id)).history?.events).toEqual([bounced]);
      const again = (await current().reopen?.()) ?? store;
      expect(await again.noteFeedback(post)).toEqual({ replayed: true, fresh: [] });
      const other = { ...post, key: 'other' };
      expect(await again.noteFeedback(other)).toEqual({ replayed: true, fresh: [] });
      expect((await again.show(id)).history?.events).toEqual([bounced]);
    });

    test('is looked for among what was tried, however much waits', async () => {
      const { store } = current();
      const [waits, went] = [waiting(), leased()];
      await store.accept([waits, went]);
      const { id } = went.message;
      const recipients = [becomes(0, delivered)];
      const lease = leaseOf();
      await store.settle({ id, lease, recipients, attempt: attempt(), notifications: [] });
      const query = { messageIdField: '1@velosi.example' };
      const find = { query, before: null, limit: 10 };
      const ids = async (more: { tried?: true }) =>
        (await store.search({ ...find, ...more })).entries.map(({ history, queued }) => {
          return (history ?? queued)?.message.id;
        });
      expect((await ids({})).toSorted()).toEqual([waits.message.id, id].toSorted());
      expect(await ids({ tried: true })).toEqual([id]);
    });

    test('things of one post that came before are left out', async () => {
      const { store } = current();
      await store.noteFeedback({ key: null, forgetAtMs, notes: [unknown('a')] });
      const both = { key: null, forgetAtMs, notes: [unknown('a'), unknown('b')] };
      expect(await store.noteFeedback(both)).toEqual({ replayed: false, fresh: [1] });
    });

    test('a post without anything in it is taken once, too', async () => {
      const { store } = current();
      const post = { key: 'empty', forgetAtMs, notes: [] };
      expect(await store.noteFeedback(post)).toEqual({ replayed: false, fresh: [] });
      expect(await store.noteFeedback(post)).toEqual({ replayed: true, fresh: [] });
    });

    test('keys are forgotten in their time', async () => {
      const { store } = current();
      const post = { key: 'x', forgetAtMs, notes: [] };
      await store.noteFeedback(post);
      await store.expireFeedback(forgetAtMs - 1);
      expect((await store.noteFeedback(post)).replayed).toBe(true);
      await store.expireFeedback(forgetAtMs);
      expect((await store.noteFeedback(post)).replayed).toBe(false);
    });

    test('of unknown messages is kept, the newest first, as long as the history', async () => {
      const { store } = current();
      const about = { is: 'message', id: idAt(T0, 4_000), event: bounced } as const;
      const notes = [unknown('a'), unknown('b'), { key: 'c', about, suppression: null }];
      await store.noteFeedback({ key: null, forgetAtMs, notes });
      const kept = await store.unknownFeedback(10);
      expect(kept.map(({ providerId }) => providerId)).toEqual(['b', 'a']);
      expect(await store.unknownFeedback(1)).toHaveLength(1);
    });
  });

  describe('suppressions', () => {
    test('are listed in pages, replaced, removed, and kept over a restart', async () => {
      const { store } = current();
      const [global, own, other] = [entry('a@b'), entry('a@b', { account: 'ses' }), entry('c@d')];
      await store.suppress([other, own, global]);
      const first = await store.suppressions({ after: null, limit: 2 });
      expect(first).toEqual([global, own]);
      expect(await store.suppressions({ after: own, limit: 2 })).toEqual([other]);
      await store.suppress([entry('c@d', { reason: 'operator', untilMs: T0 + 9 })]);
      const again = (await current().reopen?.()) ?? store;
      expect((await again.suppressions(page)).at(-1)).toMatchObject({ reason: 'operator' });
      expect(await again.unsuppress([global, entry('nobody@d')])).toBe(1);
      expect(await again.suppressions(page)).toMatchObject([{ account: 'ses' }, {}]);
    });

    test('come with the post that caused them, and end in their time', async () => {
      const { store } = current();
      const ending = entry('a@b', { untilMs: T0 + 10 });
      await store.noteFeedback({ key: null, forgetAtMs, notes: [unknown('k', ending)] });
      await store.noteFeedback({ key: null, forgetAtMs, notes: [unknown('k', entry('e@f'))] });
      expect(await store.suppressions(page)).toEqual([ending]);
      await store.expireFeedback(T0 + 9);
      expect(await store.suppressions(page)).toHaveLength(1);
      await store.expireFeedback(T0 + 10);
      expect(await store.suppressions(page)).toEqual([]);
    });
  });
}
