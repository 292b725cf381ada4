import type { MessageId } from '../relay/message.ts';
import type {
  LaneSurvey,
  LeaseOwner,
  OperatorAction,
  QueueFilter,
  QueueRow,
} from '../relay/queue.ts';

/* What the longer operations are asked and answer. */

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

/** One stretch of counting what a flush would set in motion. */
export interface SurveyQuery {
  readonly filter: QueueFilter;
  readonly includeHeld: boolean;
  readonly expiriesMs: readonly number[];
  readonly after: number;
  readonly scan: number;
}

export interface Surveyed {
  readonly lanes: readonly LaneSurvey[];
  readonly next: number | null;
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

/** One stretch of a listing: at most `scan` messages after `after` are looked at. */
export interface ListQuery {
  readonly filter: QueueFilter;
  readonly after: number;
  readonly limit: number;
  readonly scan: number;
}

export interface Listed {
  readonly rows: readonly QueueRow[];
  readonly next: number | null;
}
