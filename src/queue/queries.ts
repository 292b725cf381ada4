import type { MessageId } from '../relay/message.ts';
import type { LeaseOwner, OperatorAction, QueueFilter } from '../relay/queue.ts';

/* What the longer operations that change the queue are asked and answer; see reading.ts. */

export interface RecoverQuery {
  readonly owner: LeaseOwner;
  readonly nowMs: number;
  readonly dotted: ReadonlySet<MessageId>;
  readonly inDoubtDueAtMs: number;
  readonly inDoubtHold: boolean;
}

/** One stretch of a flush: at most `scan` messages after `after` are looked at. */
export interface FlushQuery {
  readonly filter: QueueFilter;
  readonly includeHeld: boolean;
  readonly nowMs: number;
  readonly after: number;
  readonly scan: number;
}

export interface FlushedStretch extends Acted {
  readonly lanes: readonly string[];
}

/**
 * One stretch of an operator's action: at most `scan` messages after `after` are looked at, and at
 * most `limit` of them changed.
 */
export interface ActQuery {
  readonly filter: QueueFilter;
  readonly action: OperatorAction;
  readonly nowMs: number;
  readonly after: number;
  readonly limit: number;
  readonly scan: number;
}

export interface Acted {
  readonly recipients: number;
  readonly messages: number;
  /** Where the next stretch starts; null when nothing is left. */
  readonly next: number | null;
}
