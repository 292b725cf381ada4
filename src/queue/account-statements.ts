import type { Database } from 'better-sqlite3';

/**
 * Mail that is held because of its sender, of one or with null of any. Whose addresses are none of
 * those that are held was held as whom a route rewrites it to: it is let go with any of them, and
 * held again without an attempt when it was another's.
 */
const OF_SENDER = `lane = @account AND state = 'held' AND last_reason = 'sender'
  AND (@sender IS NULL OR ${isFrom('@sender')} OR (@ended AND ${asSomebodyElse('@account')}))`;

/** Whether the recipient's message has the address as reverse-path or From field. */
export function isFrom(address: string): string {
  return `EXISTS (SELECT 1 FROM messages AS m WHERE m.id = message_id
    AND (m.reverse_path = ${address} COLLATE NOCASE OR m.from_address = ${address} COLLATE NOCASE))`;
}

/** Whether none of the account's held senders is the recipient's message from. */
export function asSomebodyElse(account: string): string {
  return `NOT EXISTS (SELECT 1 FROM held_senders AS h
    WHERE h.account = ${account} AND ${isFrom('h.sender')})`;
}

interface OfSender {
  readonly account: string;
  readonly sender: string | null;
}

interface MailOfSender extends OfSender {
  /** 1: the sender was held until now. */
  readonly ended: number;
}

/** What a row of `quotas` holds. */
export interface QuotaRow {
  readonly account: string;
  readonly boot: string;
  readonly monotonic_at: number;
  readonly wall_at: number;
  readonly pending: number;
  readonly windows: string;
}

/** What a row of `held_senders` holds. */
export interface HeldSenderRow {
  readonly account: string;
  readonly sender: string;
  readonly detail: string;
  readonly hint: string;
  readonly since_at: number;
  readonly standing: string;
}

/**
 * What is kept per account: whether it works, its server's certificates and its own
 * credentials, what it has sent, what it was refused.
 */
export function accountStatements(db: Database) {
  return {
    // Reads: all accounts that are paused or held.
    accounts: db.prepare<[], { account: string } & Record<string, unknown>>(
      'SELECT * FROM accounts ORDER BY account',
    ),
    // Writes: one account.
    setAccount: db.prepare(
      `INSERT OR REPLACE INTO accounts (account, state, reason, detail, since_at, until_at, strikes,
         credential_version, hint, failing_since_at, may_fail_over)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    // Deletes: one account, which is thereby open.
    openAccount: db.prepare('DELETE FROM accounts WHERE account = ?'),
    // Reads: what is remembered of all accounts' servers.
    certificates: db.prepare<[], { account: string; memory: string }>(
      'SELECT account, memory FROM certificates ORDER BY account',
    ),
    // Writes: what is remembered of one account's server.
    rememberCertificates: db.prepare('INSERT OR REPLACE INTO certificates VALUES (?, ?)'),
    // Reads: what is known of all accounts' credentials; once in a life.
    credentials: db.prepare<[], { account: string; memory: string }>(
      'SELECT account, memory FROM credentials ORDER BY account',
    ),
    // Writes: what is known of one account's credentials.
    rememberCredentials: db.prepare('INSERT OR REPLACE INTO credentials VALUES (?, ?)'),
    // Reads: the quotas of all accounts; once in a life.
    quotas: db.prepare<[], QuotaRow>('SELECT * FROM quotas ORDER BY account'),
    // Writes: the quota of one account, by its key.
    saveQuota: db.prepare('INSERT OR REPLACE INTO quotas VALUES (?, ?, ?, ?, ?, ?)'),
    // Reads: the refusals of all accounts; once in a life.
    refusals: db.prepare<[], { account: string; refusals: string }>(
      'SELECT account, refusals FROM refusals ORDER BY account',
    ),
    // Writes: the refusals of one account, by its key.
    saveRefusals: db.prepare('INSERT OR REPLACE INTO refusals VALUES (?, ?)'),
    // Deletes: the same.
    forgetRefusals: db.prepare('DELETE FROM refusals WHERE account = ?'),
    // Reads: all senders that are held; few.
    heldSenders: db.prepare<[], HeldSenderRow>(
      'SELECT * FROM held_senders ORDER BY account, sender',
    ),
    // Writes: one of them, by its key.
    holdSender: db.prepare('INSERT OR REPLACE INTO held_senders VALUES (?, ?, ?, ?, ?, ?)'),
    // Deletes: one of them, by its key, or all of an account. Gives their addresses.
    releaseSenders: db
      .prepare<[OfSender], string>(
        `DELETE FROM held_senders WHERE account = @account AND (@sender IS NULL OR sender = @sender)
         RETURNING sender`,
      )
      .pluck(),
    // Reads: how much mail is held for them. Index: recipients_resting.
    countOfSender: db.prepare<[MailOfSender], { recipients: number; messages: number }>(
      `SELECT COUNT(*) AS recipients, COUNT(DISTINCT message_id) AS messages
       FROM recipients WHERE ${OF_SENDER}`,
    ),
    // Writes: that mail waits; moves it between the partial indexes. Index: recipients_resting.
    releaseMail: db.prepare<[MailOfSender & { dueAtMs: number }]>(
      `UPDATE recipients SET state = 'waiting', due_at = @dueAtMs WHERE ${OF_SENDER}`,
    ),
  };
}
