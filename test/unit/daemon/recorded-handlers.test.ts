import { expect, test } from 'vitest';
import { recordedHandlers } from '../../../src/daemon/recorded-handlers.ts';
import type { RecordedMessage } from '../../../src/policy/recorded-way.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import type { QueueStore } from '../../../src/relay/ports.ts';
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

async function all(store: QueueStore, part: 'queue' | 'history', sinceMs: number) {
  const handlers = recordedHandlers(store);
  const found: RecordedMessage[] = [];
  let [after, pages]: [MessageId | null, number] = [null, 0];
  do {
    const page = await handlers['message.recorded']({ part, sinceMs, after, limit: 50 });
    found.push(...page.messages);
    after = page.next;
    pages += 1;
  } while (after !== null);
  return { found, pages };
}

test('settled mail is read page by page, the newest first, as far back as asked', async () => {
  const store = openMemoryStore(() => T0 + 5_000);
  for (let at = 0; at < 230; at++) {
    const one = leased({ acceptedAtMs: T0 + at, sequence: 0 });
    await store.accept([one]);
    const rest = { lease: leaseOf(), attempt: attempt(), notifications: [] };
    await store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest });
  }
  const { found, pages } = await all(store, 'history', T0 + 100);
  expect(found).toHaveLength(130);
  expect(pages).toBe(3);
  expect(found[0]).toMatchObject({ acceptedAtMs: T0 + 229, waiting: false });
  expect((await all(store, 'queue', 0)).found).toEqual([]);
});

test('of mail in the queue only what follows the routes: not what is sent now, nor copies', async () => {
  const store = openMemoryStore(() => T0 + 5_000);
  const fresh = leased({ acceptedAtMs: T0, sequence: 1 });
  const held = waiting(T0, { acceptedAtMs: T0, sequence: 2 });
  const { envelope } = held.message;
  const copy = { forwardPath: 'log@b.example', notify: 'NEVER', orcpt: null, blind: true } as const;
  const recipients = [...envelope.recipients, copy];
  const message = { ...held.message, envelope: { ...envelope, recipients } };
  await store.accept([fresh, { ...held, message }]);
  const { found } = await all(store, 'queue', T0 + 9_999);
  expect(found.map(({ id }) => id)).toEqual([held.message.id]);
  expect(found[0]).toMatchObject({ waiting: true });
  expect(found[0]?.recipients).toEqual(envelope.recipients.map(({ forwardPath }) => forwardPath));
});
