import type { Database } from 'better-sqlite3';

/** What a row of `quotas` holds. */
export interface QuotaRow {
  readonly account: string;
  readonly boot: string;
  readonly monotonic_at: number;
  readonly wall_at: number;
  readonly pending: number;
  readonly windows: string;
}

/** What is kept per account: whether it works, its server's certificates, what it has sent. */
export function accountStatements(db: Database) {
  return {
    // Reads: all accounts that are paused or held.
    accounts: db.prepare<[], Record<string, unknown>>('SELECT * FROM accounts ORDER BY account'),
    // Writes: one account.
    setAccount: db.prepare(
      `INSERT OR REPLACE INTO accounts (account, state, reason, detail, since_at, until_at, strikes,
         credential_version, failing_since_at, may_fail_over)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    // Deletes: one account, which is thereby open.
    openAccount: db.prepare('DELETE FROM accounts WHERE account = ?'),
    // Reads: what is remembered of all accounts' servers.
    certificates: db.prepare<[], { account: string; memory: string }>(
      'SELECT account, memory FROM certificates ORDER BY account',
    ),
    // Writes: what is remembered of one account's server.
    rememberCertificates: db.prepare('INSERT OR REPLACE INTO certificates VALUES (?, ?)'),
    // Reads: the quotas of all accounts; once in a life.
    quotas: db.prepare<[], QuotaRow>('SELECT * FROM quotas ORDER BY account'),
    // Writes: the quota of one account, by its key.
    saveQuota: db.prepare('INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?, ?, ?)'),
  };
}
