import type { Database } from 'better-sqlite3';
import type { RecipientState } from '../relay/queue.ts';
import { accountStatements } from './account-statements.ts';
import { feedbackStatements } from './feedback-statements.ts';
import { overviewStatements } from './overview-statements.ts';
import { MESSAGE_COLUMNS } from './rows.ts';
import { steeringStatements } from './steering-statements.ts';

/** A recipient as its row gives it. */
export interface RecipientRow {
  readonly message_id: number;
  readonly idx: number;
  readonly forward_path: string;
  readonly state: RecipientState;
  readonly lane: string | null;
  readonly attempts: number;
  readonly due_at: number | null;
  readonly expires_at: number;
  readonly delay_warned: number;
  readonly last_text: string | null;
  readonly last_reason: string | null;
  readonly lease_run: number | null;
}

const RECIPIENT_COLUMNS =
  'message_id, idx, forward_path, state, lane, attempts, due_at, expires_at, delay_warned, ' +
  'last_text, last_reason, lease_run';

export type Statements = ReturnType<typeof messageStatements> &
  ReturnType<typeof bodyStatements> &
  ReturnType<typeof claimStatements> &
  ReturnType<typeof overviewStatements> &
  ReturnType<typeof operatorStatements> &
  ReturnType<typeof accountStatements> &
  ReturnType<typeof steeringStatements> &
  ReturnType<typeof feedbackStatements>;

/*
 * Why some parameters are `+?`: better-sqlite3 builds SQLite with STAT4, where a plan may have looked
 * at the value of a plain `?` (for ORDER BY, and for whether a partial index covers it). Such a
 * statement is parsed anew each time it is bound, which costs ten times what it does.
 */

export function prepareStatements(db: Database): Statements {
  return {
    ...messageStatements(db),
    ...bodyStatements(db),
    ...claimStatements(db),
    ...overviewStatements(db),
    ...operatorStatements(db),
    ...accountStatements(db),
    ...steeringStatements(db),
    ...feedbackStatements(db),
  };
}

/** The way of a message in and out. */
function messageStatements(db: Database) {
  return {
    // Writes: messages, by its key.
    insertMessage: db.prepare(
      `INSERT INTO messages (${MESSAGE_COLUMNS}, spool_file)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    // Writes: recipients, by its key; recipients_leased, or the other three when it does not start
    // leased.
    insertRecipient: db.prepare(
      `INSERT INTO recipients (message_id, idx, forward_path, state, lane, attempts, due_at,
         expires_at, delay_warned, last_text, lease_run, lease_until)
       VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0, ?, ?, ?)`,
    ),
    // Reads: the lane of one recipient whose lease is the caller's, by its key.
    leasedLane: db
      .prepare<[number, number, number], string | null>(
        'SELECT lane FROM recipients WHERE message_id = ? AND idx = ? AND lease_run = ?',
      )
      .pluck(),
    // Writes: one leased recipient goes back to rest, by its key; moves it between the partial
    // indexes.
    restRecipient: db.prepare(
      `UPDATE recipients SET state = ?, lane = ?, due_at = ?, attempts = attempts + ?,
         delay_warned = COALESCE(?, delay_warned), last_reason = ?, last_text = ?,
         lease_run = NULL, lease_until = NULL
       WHERE message_id = ? AND idx = ?`,
    ),
    // Reads: a message without recipients, by its key: what the history keeps.
    readCompleted: db
      .prepare<[number, number], unknown[]>(
        `SELECT ${MESSAGE_COLUMNS}, spool_file FROM messages
         WHERE id = ? AND NOT EXISTS (SELECT 1 FROM recipients WHERE message_id = ?)`,
      )
      .raw(),
    // Deletes: a message, by its key, and its body by cascade. Read first: for RETURNING SQLite
    // makes a temporary tree.
    deleteMessage: db.prepare('DELETE FROM messages WHERE id = ?'),
    // Reads: one message, by its key.
    readMessage: db
      .prepare<[number], unknown[]>(`SELECT ${MESSAGE_COLUMNS} FROM messages WHERE id = ?`)
      .raw(),
    // Reads: the recipients of one message in their order, by the first half of their key.
    readRecipients: db.prepare<[number], RecipientRow>(
      `SELECT ${RECIPIENT_COLUMNS} FROM recipients WHERE message_id = +? ORDER BY idx`,
    ),
    // Writes: one fact; once per commit that accepts.
    setFact: db.prepare('UPDATE facts SET value = ? WHERE name = ?'),
    // Reads: one fact.
    readFact: db.prepare<[string], number>('SELECT value FROM facts WHERE name = ?').pluck(),
  };
}

/** Bodies, in the database and in the spool. */
function bodyStatements(db: Database) {
  return {
    // Writes: bodies, by its key.
    insertBody: db.prepare('INSERT INTO bodies (message_id, bytes) VALUES (?, ?)'),
    // Reads: one body, by its key.
    readBody: db
      .prepare<[number], Uint8Array>('SELECT bytes FROM bodies WHERE message_id = ?')
      .pluck(),
    // Reads: where a spooled body lies, by the message's key.
    readSpoolFile: db.prepare<[number], { spool_file: string | null; bytes: number }>(
      'SELECT spool_file, bytes FROM messages WHERE id = ?',
    ),
    // Reads: whether any message still needs a spool file. Index: messages_spooled.
    spoolUser: db
      .prepare<[string], number>('SELECT 1 FROM messages WHERE spool_file = ? LIMIT 1')
      .pluck(),
  };
}

/** Leases: taking them, and ending those of earlier runs. */
function claimStatements(db: Database) {
  return {
    // Reads: mail of a lane that is due, earliest first; read only as far as needed. Index:
    // recipients_due.
    due: db.prepare<[string, string, number], { message_id: number; due_at: number }>(
      `SELECT message_id, due_at FROM recipients
       WHERE lane = +? AND state = +? AND due_at <= +? ORDER BY due_at`,
    ),
    // Reads: mail whose lifetime is over, earliest first. Index: recipients_expiry.
    expired: db.prepare<[number], { message_id: number }>(
      `SELECT message_id FROM recipients
       WHERE expires_at <= ? AND state IN ('waiting', 'in-doubt', 'held') ORDER BY expires_at`,
    ),
    // Writes: leases one recipient, by its key.
    lease: db.prepare(
      `UPDATE recipients SET state = 'leased', due_at = NULL, lease_run = ?, lease_until = ?
       WHERE message_id = ? AND idx = ?`,
    ),
    // Writes: sets what rests of a message aside, by the first half of the key.
    quarantine: db.prepare(
      `UPDATE recipients SET state = 'quarantined', due_at = NULL, last_reason = 'internal',
         last_text = ?
       WHERE message_id = ? AND state IN ('waiting', 'in-doubt', 'held')`,
    ),
    // Reads: every leased recipient. Index: recipients_leased.
    leased: db.prepare<[], RecipientRow>(
      `SELECT ${RECIPIENT_COLUMNS} FROM recipients WHERE state = 'leased'`,
    ),
    // Writes: the lease of one recipient ends without an attempt having been heard of, by its key.
    endLease: db.prepare(
      `UPDATE recipients SET state = ?, due_at = ?, last_reason = ?, last_text = ?,
         lease_run = NULL, lease_until = NULL
       WHERE message_id = ? AND idx = ?`,
    ),
    // Reads: all runs; few, they leave at the next start.
    runs: db.prepare<[], { id: number; boot: string; run: string }>('SELECT * FROM runs'),
    // Writes: one run.
    insertRun: db.prepare('INSERT INTO runs (boot, run) VALUES (?, ?)'),
    // Deletes: all runs but one.
    deleteOtherRuns: db.prepare('DELETE FROM runs WHERE run <> ?'),
  };
}

/**
 * What an operator or a reload changes; statements that depend on a filter are built in filter.ts.
 */
function operatorStatements(db: Database) {
  return {
    // Writes: due times of a lane and state that lie too far ahead. Index: recipients_due.
    clampDue: db.prepare(
      'UPDATE recipients SET due_at = ? WHERE lane IS ? AND state = ? AND due_at > ?',
    ),
    // Writes: the lane of what rests of a message and is not in doubt, by the first half of the
    // key.
    relane: db.prepare(
      `UPDATE recipients SET lane = ? WHERE message_id = ? AND state IN ('waiting', 'held')`,
    ),
    // Writes: one recipient on its way to another account, by its key.
    redirect: db.prepare(
      'UPDATE recipients SET lane = ?, state = ?, due_at = ? WHERE message_id = ? AND idx = ?',
    ),
    // Writes: the account that a message stays with, by its key.
    bind: db.prepare('UPDATE messages SET bound_account = ? WHERE id = ?'),
    // Deletes: one recipient, by its key.
    removeRecipient: db.prepare('DELETE FROM recipients WHERE message_id = ? AND idx = ?'),
    // Writes: holds one recipient, by its key.
    hold: db.prepare(
      `UPDATE recipients SET state = 'held', due_at = NULL, last_reason = 'operator', last_text = ?
       WHERE message_id = ? AND idx = ?`,
    ),
    // Writes: lets one recipient wait, by its key.
    release: db.prepare(
      `UPDATE recipients SET state = 'waiting', due_at = ? WHERE message_id = ? AND idx = ?`,
    ),
    // Reads: where a listing's next stretch ends, by the key.
    stretchEnd: db
      .prepare<[number, number], number>(
        'SELECT id FROM messages WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?',
      )
      .pluck(),
  };
}
