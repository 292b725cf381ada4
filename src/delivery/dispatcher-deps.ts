import type { LeaseOwner } from '../relay/queue.ts';
import type { AttemptDeps } from './attempt-contract.ts';
import type { Failover } from './failover.ts';
import type { HeldSenders } from './held-senders.ts';
import type { LaneStates } from './lane-states.ts';
import type { Permits } from './permits.ts';
import type { ReadiedDeps } from './readied.ts';
import type { Settler } from './settler.ts';

export interface DispatcherDeps extends ReadiedDeps {
  readonly settler: Settler;
  readonly states: LaneStates;
  readonly senders: HeldSenders;
  readonly permits: Permits;
  readonly failover: Failover;
  readonly attempts: AttemptDeps;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  readonly owner: LeaseOwner;
  /** All delivery is paused. */
  readonly isPaused: () => boolean;
  /** A claim found nothing more: when the lane's next mail is due has to be looked up. */
  readonly onRanDry: () => void;
  /** A lane must be looked at again at this time. */
  readonly onDue: (atMs: number) => void;
}
