import type { Database } from 'better-sqlite3';
import {
  FEEDBACK_KINDS,
  FEEDBACK_PROVIDERS,
  type FeedbackEvent,
  type UnknownFeedback,
} from '../relay/feedback.ts';

/** Of what providers said later, in the history. */
export interface HistoryFeedback {
  /** To the message's events; nothing when the history has forgotten it. */
  attach(id: number, event: FeedbackEvent): void;
  noteUnknown(said: UnknownFeedback): void;
  /** The newest first. */
  unknown(limit: number): UnknownFeedback[];
  expire(beforeMs: number): void;
}

/** Kept of one message: a provider that says a thing again and again must not fill the disk. */
const eventCharactersMax = 65_536;
/** Kept of what nobody here knows. */
const unknownMax = 10_000;

export function openHistoryFeedback(db: Database): HistoryFeedback {
  // Writes: one message's events, by its key.
  const attach = db.prepare<[string, number]>(
    `UPDATE history SET events = events || ?
     WHERE id = ? AND length(events) < ${eventCharactersMax}`,
  );
  // Writes: one row.
  const note = db.prepare<[number, string, string, string | null]>(
    'INSERT INTO unknown_feedback (at, provider, kind, provider_id) VALUES (?, ?, ?, ?)',
  );
  // Deletes: the start of the table, by the key.
  const cut = db.prepare<[number | bigint]>('DELETE FROM unknown_feedback WHERE id <= ?');
  // Reads: the end of the table.
  const newest = db.prepare<[number], UnknownFeedback>(
    `SELECT at AS atMs, provider, kind, provider_id AS providerId
     FROM unknown_feedback ORDER BY id DESC LIMIT ?`,
  );
  // Deletes: old rows; the table is small.
  const expire = db.prepare<[number]>('DELETE FROM unknown_feedback WHERE at < ?');
  return {
    attach: (id, event) => void attach.run(`${JSON.stringify(event)}\n`, id),
    noteUnknown({ atMs, provider, kind, providerId }) {
      const { lastInsertRowid } = note.run(atMs, provider, kind, providerId);
      cut.run(Number(lastInsertRowid) - unknownMax);
    },
    unknown: (limit) => newest.all(limit).filter(isKnown),
    expire: (beforeMs) => void expire.run(beforeMs),
  };
}

/** A row that makes no sense is left out: it only informs. */
function isKnown({ provider, kind }: UnknownFeedback): boolean {
  return FEEDBACK_PROVIDERS.includes(provider) && FEEDBACK_KINDS.includes(kind);
}
