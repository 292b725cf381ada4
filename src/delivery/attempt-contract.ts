import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import type { Clock, Dice, DotLedger, Spool } from '../relay/ports.ts';
import type { Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import type { HeldSenders } from './held-senders.ts';
import type { AccountVerdict } from './judge.ts';
import type { Permit, Permits } from './permits.ts';
import type { Pool } from './pool.ts';
import type { SafetyNet } from './safety-net.ts';
import type { Settler } from './settler.ts';

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
  /** The right to its first transaction; the others are asked for one by one. */
  readonly permit: Permit;
}

/** Of one of its transactions. */
export interface PartFacts {
  /** In the dot ledger; null: no dot went out. */
  readonly slot: number | null;
  /** Where it ended; null at success. */
  readonly phase: Phase | null;
  readonly reused: boolean;
}
