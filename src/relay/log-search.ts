import type { MessageId } from './message.ts';
import type { HistoryEntry, QueueRow } from './queue.ts';

/** What to look for; all given conditions must hold. Letter case of addresses is not regarded. */
export interface LogQuery {
  readonly id?: MessageId;
  /** The Message-ID field, with or without angle brackets. */
  readonly messageIdField?: string;
  /** Reverse-path or From: an address, `@domain`, or `<>` for the null reverse-path. */
  readonly sender?: string;
  readonly recipient?: string;
  /** It was tried with this account, or waits for it. */
  readonly account?: string;
  readonly client?: string;
  /** What the provider called it. */
  readonly providerId?: string;
  /** Accepted at or after this instant. */
  readonly sinceMs?: number;
  /** Accepted before this instant. */
  readonly untilMs?: number;
}

export interface LogFind {
  readonly query: LogQuery;
  /** Accepted before this message; null: up to now. */
  readonly before: MessageId | null;
  readonly limit: number;
  /** Only what the history knows: costs the same however long the queue is. */
  readonly tried?: true;
}

/** One message: what waits of it, and what became of it. At least one of them is there. */
export interface LogEntry {
  readonly queued: QueueRow | null;
  readonly history: HistoryEntry | null;
}

export interface LogPage {
  /** Newest first; may be fewer than asked for although `next` is not null. */
  readonly entries: readonly LogEntry[];
  /** Pass as `before` for the next page; null at the end. */
  readonly next: MessageId | null;
  /** Messages of the history that the index does not know yet: they were not looked at. */
  readonly unindexed: number;
}
