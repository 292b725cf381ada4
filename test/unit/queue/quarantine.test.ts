import type { Database } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { messageIdToNumber } from '../../../src/relay/message-id.ts';
import type { QueueStore } from '../../../src/relay/ports.ts';
import { leased, leaseOf, owner, T0, waiting } from '../../contract/fixtures.ts';
import { tamper, temporaryDirectory, testStore } from './temporary.ts';

const claim = { lane: 'gmail', nowMs: T0, lease: leaseOf(), limit: 10 };

const DAMAGE: [string, (db: Database, id: number) => void][] = [
  [
    'recipients that are not JSON',
    (db, id) => void db.prepare("UPDATE messages SET recipients = '[\"a' WHERE id = ?").run(id),
  ],
  [
    'recipients of another shape',
    (db, id) => void db.prepare("UPDATE messages SET recipients = '[17]' WHERE id = ?").run(id),
  ],
  [
    'fewer recipients than rows',
    (db, id) => void db.prepare('UPDATE recipients SET idx = 7 WHERE message_id = ?').run(id),
  ],
  [
    'an unknown body type',
    (db, id) => void db.prepare("UPDATE messages SET body_type = 'X' WHERE id = ?").run(id),
  ],
  [
    'route headers that are a list',
    (db, id) => void db.prepare("UPDATE messages SET route_headers = '[]' WHERE id = ?").run(id),
  ],
  [
    'no message row',
    (db, id) => {
      db.pragma('foreign_keys = OFF');
      db.prepare('DELETE FROM messages WHERE id = ?').run(id);
    },
  ],
];

async function states(store: QueueStore): Promise<string[]> {
  const counts = await store.counts();
  return counts.map(({ state, recipients }) => `${state} ${recipients}`).sort();
}

test.each(DAMAGE)('%s: set aside and reported, the others go on', async (_, damage) => {
  const directory = temporaryDirectory();
  const { store, notices } = testStore(directory);
  const [bad, good] = [waiting(T0 - 5), waiting(T0)];
  await store.accept([bad, good]);
  tamper(directory, (db) => damage(db, messageIdToNumber(bad.message.id) ?? 0));
  const work = await store.claim({ ...claim, limit: 1 });
  expect(work.map(({ message }) => message.id)).toEqual([good.message.id]);
  expect(notices).toMatchObject([{ is: 'quarantined', id: bad.message.id }]);
  expect(await states(store)).toEqual(['leased 1', 'quarantined 1']);
  const listed = await store.list({ filter: { states: ['quarantined'] }, after: null, limit: 5 });
  const shown = (await store.show(bad.message.id)).queued ?? listed.rows[0];
  if (shown !== undefined) {
    const recipient = shown.recipients[0];
    expect(recipient).toMatchObject({ state: 'quarantined', lastReason: 'internal' });
    const path = shown.message.envelope.recipients[recipient?.index ?? -1]?.forwardPath;
    expect(path).toBe('you@example.net');
  }
  const query = { nowMs: T0 * 2, lease: leaseOf(), limit: 5 };
  expect(await store.claimExpired(query)).toEqual([]);
  expect(await store.claimMatching({ filter: {}, ...query })).toEqual([]);
});

test('a repaired message can be released, an unreadable one removed', async () => {
  const directory = temporaryDirectory();
  const { store } = testStore(directory);
  const [repaired, lost] = [waiting(T0 - 5), waiting(T0)];
  await store.accept([repaired, lost]);
  const set = 'UPDATE messages SET recipients = ? WHERE id = ?';
  const ids = [repaired, lost].map(({ message }) => messageIdToNumber(message.id));
  tamper(directory, (db) => {
    for (const id of ids) db.prepare(set).run('?', id);
  });
  expect(await store.claim(claim)).toEqual([]);
  tamper(directory, (db) => db.prepare(set).run('["you@example.net"]', ids[0]));
  const release = { is: 'release', dueAtMs: T0 } as const;
  await store.act({ filter: { id: repaired.message.id }, action: release, nowMs: T0 });
  expect((await store.claim(claim)).map(({ message }) => message)).toEqual([repaired.message]);
  const remove = { filter: { id: lost.message.id }, action: { is: 'remove' }, nowMs: T0 } as const;
  expect(await store.act(remove)).toEqual({ recipients: 1, messages: 1 });
  expect(await states(store)).toEqual(['leased 1']);
});

test('recovery sets unreadable mail aside and says how much', async () => {
  const directory = temporaryDirectory();
  const { store, notices } = testStore(directory);
  const bad = leased({ to: ['a@x.example', 'b@x.example'] });
  await store.accept([bad, leased()]);
  const id = messageIdToNumber(bad.message.id);
  tamper(directory, (db) => db.prepare("UPDATE messages SET recipients = '' WHERE id = ?").run(id));
  const query = { nowMs: T0, dotted: new Set([]), inDoubtDueAtMs: T0, inDoubtHold: false };
  expect(await store.recover({ owner: owner('run-2'), ...query })).toMatchObject({
    quarantined: 2,
  });
  expect(notices).toHaveLength(1);
  expect(await states(store)).toEqual(['quarantined 2', 'waiting 1']);
});
