import { REASON_CLASSES } from '../relay/outcome.ts';
import type { QueuedRecipient } from '../relay/queue.ts';
import type { RecipientRow } from './statements.ts';

/** The table's own checks leave only the reason to be doubted here. */
export function decodeRecipient(row: RecipientRow): QueuedRecipient {
  return {
    index: row.idx,
    state: row.state,
    lane: row.lane,
    attempts: row.attempts,
    dueAtMs: row.due_at ?? 0,
    delayWarned: row.delay_warned === 1,
    lastText: row.last_text,
    lastReason: REASON_CLASSES.find((reason) => reason === row.last_reason) ?? null,
  };
}
