import type { MessageId } from '../relay/message.ts';
import type { LeaseOwner, OperatorAction } from '../relay/queue.ts';
import type { Next, Stretch } from './reading.ts';

/* What the longer operations that change the queue are asked and answer; see reading.ts. */

export interface RecoverQuery {
  readonly owner: LeaseOwner;
  readonly nowMs: number;
  readonly dotted: ReadonlySet<MessageId>;
  readonly inDoubtDueAtMs: number;
  readonly inDoubtHold: boolean;
}

export interface FlushQuery extends Stretch {
  readonly includeHeld: boolean;
  readonly nowMs: number;
}

export interface FlushedStretch extends Acted {
  readonly lanes: readonly string[];
}

export interface ActQuery extends Stretch {
  readonly action: OperatorAction;
  readonly nowMs: number;
  /** At most so many messages of it are changed. */
  readonly limit: number;
}

export interface Acted extends Next {
  readonly recipients: number;
  readonly messages: number;
}
