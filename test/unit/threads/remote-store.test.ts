import '../../contract/quiet-wasm.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { QueueStore } from '../../../src/relay/ports.ts';
import { openRemoteStore } from '../../../src/threads/remote-store.ts';
import { becomes, delivered, leased, leaseOf, waiting } from '../../contract/fixtures.ts';

interface Opened {
  readonly store: QueueStore;
  readonly directory: string;
  readonly events: RelayEvent[];
  readonly deaths: Error[];
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-thread-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(directory = temporaryDirectory()): Promise<Opened> {
  const events: RelayEvent[] = [];
  const deaths: Error[] = [];
  const store = await openRemoteStore({
    directory,
    emit: (event) => void events.push(event),
    onDeath: (error) => void deaths.push(error),
  });
  onTestFinished(() => store.close());
  return { store, directory, events, deaths };
}

test('what is asked in one turn shares one commit', async () => {
  const { store, events } = await opened();
  // Ten would go before the turn is over.
  await Promise.all(Array.from({ length: 9 }, () => store.accept([waiting()])));
  expect(events).toMatchObject([{ is: 'store.committed', operations: 9 }]);
  expect(await store.stats()).toMatchObject({ commits: 1, batchTotal: 9 });
});

test('a look at the history sees what was asked before it, in the same turn, too', async () => {
  const { store } = await opened();
  const one = leased();
  await store.accept([one]);
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  const settlement = { id: one.message.id, recipients: [becomes(0, delivered)], ...rest };
  const settled = store.settle(settlement);
  const history = store.history({ limit: 9, before: null });
  await settled;
  expect((await history).map(({ message }) => message.id)).toEqual([one.message.id]);
});

test('bodies arrive whole, and the caller keeps its own', async () => {
  const { store } = await opened();
  const bodies = [1, 4_096, 200_000].map((length, at) => Buffer.alloc(length, at + 65));
  const sent = bodies.map((body) => waiting(0, { body: Buffer.from(body) }));
  await Promise.all(sent.map((one) => store.accept([one])));
  for (const [at, { message, body }] of sent.entries()) {
    expect(body.in === 'memory' && body.bytes.equals(bodies[at] ?? Buffer.alloc(0))).toBe(true);
    const kept = await store.body(message.id);
    expect(kept?.in === 'memory' && Buffer.isBuffer(kept.bytes)).toBe(true);
    expect(kept).toEqual(body);
  }
});

test('the bodies of notifications travel with a settlement', async () => {
  const { store } = await opened();
  const [one, dsn] = [leased(), waiting(0, { body: Buffer.from('a notification') })];
  await store.accept([one]);
  const rest = { lease: leaseOf(), attempt: null, notifications: [dsn] };
  await Promise.all([
    store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest }),
    store.accept([waiting(0, { body: Buffer.from('another') })]),
  ]);
  expect(await store.body(dsn.message.id)).toEqual(dsn.body);
});

test('a queue that cannot be opened rejects with its problem', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'queue.db'), 'no database, however you look at it');
  await expect(opened(directory)).rejects.toMatchObject({
    name: 'QueueOpenError',
    problem: 'damaged',
  });
});

test('a damaged history is told while opening', async () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'history.db'), 'rubbish');
  const { events } = await opened(directory);
  expect(events).toMatchObject([{ is: 'store.failed', fault: 'history' }]);
});

test('unreadable rows become events', async () => {
  const { store, directory, events } = await opened();
  const one = waiting(0);
  await store.accept([one]);
  const db = new Sqlite(join(directory, 'queue.db'));
  db.exec("UPDATE messages SET recipients = ''");
  db.close();
  expect(await store.claim({ lane: 'gmail', nowMs: 1, lease: leaseOf(), limit: 1 })).toEqual([]);
  await store.counts();
  expect(events).toContainEqual({
    is: 'queue.row-quarantined',
    id: one.message.id,
    detail: 'recipients cannot be read',
  });
});

test('a thread that dies rejects everything, says so once, and takes nothing more', async () => {
  const { store, directory, deaths } = await opened();
  const one = leased();
  await store.accept([one]);
  // No fault of the storage but a broken promise about its tables: the thread throws, as for any
  // bug.
  const db = new Sqlite(join(directory, 'history.db'));
  db.exec('DROP TABLE history');
  db.close();
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  // Its answer and the news of the thread's death may overtake each other.
  const settled = store.settle({
    id: one.message.id,
    recipients: [becomes(0, delivered)],
    ...rest,
  });
  await Promise.allSettled([settled]);
  await expect(store.counts()).rejects.toMatchObject({ name: 'StoreError', fault: 'closed' });
  await expect(store.accept([waiting()])).rejects.toMatchObject({ fault: 'closed' });
  expect(deaths).toHaveLength(1);
  expect(deaths[0]?.message).toContain('history');
});

test('closing waits for what was asked before', async () => {
  const { store, directory } = await opened();
  const asked = Promise.all(Array.from({ length: 10 }, () => store.accept([waiting()])));
  await Promise.all([asked, store.close()]);
  const again = await opened(directory);
  expect((await again.store.counts())[0]?.recipients).toBe(10);
});
