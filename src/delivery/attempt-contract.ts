import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import type { Clock, Dice, DotLedger, Spool } from '../relay/ports.ts';
import type { Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import type { Connection } from './connection.ts';
import type { HeldSenders } from './held-senders.ts';
import type { AccountVerdict } from './judge.ts';
import type { Permits } from './permits.ts';
import type { Pool } from './pool.ts';
import type { SafetyNet } from './safety-net.ts';
import type { Settler } from './settler.ts';
import type { Follower } from './transaction-contract.ts';

export interface AttemptDeps {
  readonly settings: () => Settings;
  readonly pool: Pool;
  readonly permits: Permits;
  readonly net: SafetyNet;
  readonly senders: HeldSenders;
  readonly settler: Settler;
  readonly spool: Spool;
  readonly dots: DotLedger;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
}

export interface Stopped {
  readonly verdict: AccountVerdict;
  readonly cause: Cause;
  /** It has, and somebody may have resumed it since. */
  readonly applied?: boolean;
}

export interface AttemptEnd {
  /** The account must stop, and why; null: it may go on. */
  readonly stopped: Stopped | null;
  /** The upstream took the message for somebody. */
  readonly delivered: boolean;
  /** Resolves when everything decided here is durable. */
  readonly settled: Promise<void>;
}

export interface AttemptGiven {
  readonly account: Account;
  readonly work: Work;
  readonly body: Body;
  /** What may go out on the connection behind it, once its last bytes are about to leave. */
  readonly follow: (connection: Connection) => Follower | null;
}

/** An attempt whose envelope may leave behind another message. */
export interface Behind {
  readonly follower: Follower;
  /** Null: it was undone, and is as if it had not begun. Never resolves while it is not sent. */
  readonly end: Promise<AttemptEnd | null>;
}

/** Of one of its transactions. */
export interface PartFacts {
  /** In the dot ledger; null: no dot went out. */
  readonly slot: number | null;
  /** Where it ended; null at success. */
  readonly phase: Phase | null;
  readonly reused: boolean;
}
