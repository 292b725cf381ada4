import { expect, test } from 'vitest';
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
    "expires_at <= 5 AND state IN ('waiting', 'in-doubt', 'held') ORDER BY expires_at",
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
