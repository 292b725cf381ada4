import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { migrate, QUEUE_MIGRATIONS } from '../../../src/queue/migrations.ts';
import { openBare, tamper, temporaryDirectory } from './temporary.ts';

function dump(name: string): string {
  const directory = temporaryDirectory();
  openBare(directory).close();
  let schema = '';
  tamper(
    directory,
    (db) => {
      const sql = 'SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name';
      schema = `${db.prepare(sql).pluck().all().join(';\n\n')};\n`;
    },
    name,
  );
  return schema;
}

// A change here is a new migration, never an edit of an old one.
test.each(['queue', 'history'])('the schema of %s.db is the golden one', async (name) => {
  await expect(dump(`${name}.db`)).toMatchFileSnapshot(`./golden/${name}.sql`);
});

/** Statements whose cost must not grow with the queue, and the index their head comment names. */
const PLANS: [string, string, string][] = [
  ['due', "lane = +'a' AND state = +'waiting' AND due_at <= +5 ORDER BY due_at", 'recipients_due'],
  [
    'expired',
    "expires_at <= 5 AND state <> 'leased' AND state <> 'quarantined' ORDER BY expires_at",
    'recipients_expiry',
  ],
  ['leased', "state = 'leased'", 'recipients_leased'],
  ['clampDue', "lane IS 'a' AND state = 'waiting' AND due_at > 5", 'recipients_due'],
  [
    'oldestResting',
    "lane IS 'a' AND state = 'held' AND state <> 'leased' ORDER BY message_id LIMIT 1",
    'recipients_resting',
  ],
  [
    'reasonBetween',
    "lane IS 'a' AND last_reason = 'quota' AND state <> 'leased' AND message_id >= 1",
    'USING COVERING INDEX recipients_reasons',
  ],
];

test.each(PLANS)('%s is read through its index without sorting', (_, where, index) => {
  const directory = temporaryDirectory();
  openBare(directory).close();
  tamper(directory, (db) => {
    const sql = `EXPLAIN QUERY PLAN SELECT message_id FROM recipients WHERE ${where}`;
    const plan = db.prepare<[], { detail: string }>(sql).all();
    const details = plan.map(({ detail }) => detail).join('\n');
    expect(details).toContain(index);
    expect(details).not.toContain('TEMP B-TREE');
  });
});

test('a table that is made anew keeps its rows, of every state, and its conditions', () => {
  const db = new Sqlite(':memory:');
  onTestFinished(() => void db.close());
  db.pragma('foreign_keys = ON');
  migrate(db, QUEUE_MIGRATIONS.slice(0, 10));
  db.exec(`INSERT INTO messages (id, client, reverse_path, recipients, smtp_utf8, accepted_at,
    expires_at, bytes, eight_bit, header_utf8) VALUES (1, 'a', '', '[]', 0, 1, 2, 3, 0, 0)`);
  const insert = db.prepare(`INSERT INTO recipients (message_id, idx, forward_path, state, lane,
    attempts, due_at, expires_at, delay_warned, last_text, last_reason, lease_run, lease_until)
    VALUES (?, ?, 'x@y.test', ?, 'a', 1, ?, 8, 1, 'said', 'quota', ?, 9)`);
  insert.run(1, 0, 'waiting', 5, null);
  insert.run(1, 1, 'in-doubt', 6, null);
  insert.run(1, 2, 'held', null, null);
  insert.run(1, 3, 'quarantined', null, null);
  insert.run(1, 4, 'leased', null, 7);
  const rows = () => db.prepare('SELECT * FROM recipients ORDER BY idx').raw().all();
  const before = rows();
  migrate(db, QUEUE_MIGRATIONS);
  expect(rows()).toEqual(before);
  const again = (id: number, state: string, due: number | null) =>
    db.transaction(() => {
      db.exec('DELETE FROM recipients');
      db.prepare(insert.source).run(id, 9, state, due, null);
    });
  expect(again(1, 'sleeping', null)).toThrow('CHECK');
  expect(again(1, 'held', 5)).toThrow('CHECK');
  expect(again(2, 'held', null)).toThrow('FOREIGN KEY');
  expect(() => db.exec('DELETE FROM messages')).toThrow('FOREIGN KEY');
});
