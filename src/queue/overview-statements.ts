import type { Database } from 'better-sqlite3';
import type { RecipientState } from '../relay/queue.ts';

/** Numbers about the queue. */
export function overviewStatements(db: Database) {
  return {
    // Reads: recipients per lane and state; once at start. Indexes, covering: recipients_resting,
    // recipients_leased.
    tally: db.prepare<[], { lane: string | null; state: RecipientState; count: number }>(
      `SELECT lane, state, COUNT(*) AS count FROM recipients
       WHERE state <> 'leased' GROUP BY lane, state
       UNION ALL
       SELECT lane, 'leased', COUNT(*) FROM recipients WHERE state = 'leased' GROUP BY lane`,
    ),
    // Reads: when the oldest resting message of a lane and state was accepted. Index:
    // recipients_resting.
    oldestResting: db
      .prepare<[string | null, string], number>(
        `SELECT accepted_at FROM messages WHERE id = (SELECT MIN(message_id) FROM recipients
           WHERE lane IS ? AND state = ? AND state <> 'leased')`,
      )
      .pluck(),
    // Reads: the same for leased ones. Index: recipients_leased.
    oldestLeased: db
      .prepare<[string | null], number>(
        `SELECT accepted_at FROM messages WHERE id = (SELECT MIN(message_id) FROM recipients
           WHERE lane IS ? AND state = 'leased')`,
      )
      .pluck(),
    // Reads: the next due time of a lane and state. Index: recipients_due.
    nextDue: db
      .prepare<[string | null, string], number | null>(
        `SELECT MIN(due_at) FROM recipients
         WHERE lane IS ? AND state = ? AND due_at IS NOT NULL`,
      )
      .pluck(),
    // Reads: how much rests in a lane and state, of a range of ids. Index: recipients_resting.
    restingBetween: db
      .prepare<[string | null, string, number, number], number>(
        `SELECT COUNT(*) FROM recipients WHERE lane IS ? AND state = ? AND state <> 'leased'
           AND message_id >= ? AND message_id < ?`,
      )
      .pluck(),
    // Reads: the same by the last cause. Index: recipients_reasons.
    reasonBetween: db
      .prepare<[string | null, string, number, number], number>(
        `SELECT COUNT(*) FROM recipients WHERE lane IS ? AND last_reason = ? AND state <> 'leased'
           AND message_id >= ? AND message_id < ?`,
      )
      .pluck(),
    // Reads: what is leased in a lane, few. Index: recipients_leased.
    leasedBetween: db
      .prepare<[string | null, number, number], [string | null, number]>(
        `SELECT last_reason, COUNT(*) FROM recipients WHERE lane IS ? AND state = 'leased'
           AND message_id >= ? AND message_id < ? GROUP BY last_reason`,
      )
      .raw(),
    // Reads: the first expiry. Index: recipients_expiry.
    nextExpiry: db
      .prepare<[], number | null>(
        `SELECT MIN(expires_at) FROM recipients WHERE state IN ('waiting', 'in-doubt', 'held')`,
      )
      .pluck(),
    // Reads: the highest id in the queue, by the end of the key.
    highestId: db.prepare<[], number | null>('SELECT MAX(id) FROM messages').pluck(),
  };
}
