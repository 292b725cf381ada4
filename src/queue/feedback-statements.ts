import type { Database } from 'better-sqlite3';

export interface SuppressionRow {
  readonly address: string;
  readonly account: string;
  readonly reason: string;
  readonly detail: string;
  readonly since_at: number;
  readonly until_at: number | null;
}

/** Who gets no mail, and which posts of providers were taken. */
export function feedbackStatements(db: Database) {
  return {
    // Writes: one key; nothing when it is there.
    takeKey: db.prepare<[string, number]>(
      'INSERT OR IGNORE INTO feedback_keys (key, forget_at) VALUES (?, ?)',
    ),
    // Deletes: keys whose time is over, as many as asked for. Index: feedback_keys_end.
    forgetKeys: db.prepare<[number, number]>(
      `DELETE FROM feedback_keys WHERE key IN
         (SELECT key FROM feedback_keys WHERE forget_at <= ? LIMIT ?)`,
    ),
    // Reads: a page of the list, by the key.
    suppressions: db.prepare<[string, string, number], SuppressionRow>(
      'SELECT * FROM suppressions WHERE (address, account) > (?, ?) ORDER BY address, account LIMIT ?',
    ),
    // Writes: one entry, by its key.
    suppress: db.prepare<[string, string, string, string, number, number | null]>(
      'INSERT OR REPLACE INTO suppressions VALUES (?, ?, ?, ?, ?, ?)',
    ),
    // Deletes: one entry, by its key.
    unsuppress: db.prepare<[string, string]>(
      'DELETE FROM suppressions WHERE address = ? AND account = ?',
    ),
    // Deletes: entries whose time is over, as many as asked for. Index: suppressions_end.
    expireSuppressions: db.prepare<[number, number]>(
      `DELETE FROM suppressions WHERE (address, account) IN
         (SELECT address, account FROM suppressions WHERE until_at <= ? LIMIT ?)`,
    ),
  };
}
