import type { HoldRule, RelayPause } from '../relay/steering.ts';
import type { AccountReport } from './reports.ts';

/** What the daemon answers to whoever steers it or looks on. Plain JSON, as in reports.ts. */

export interface HoldRuleEndReport {
  readonly rule: HoldRule;
  /** Released by it. */
  readonly recipients: number;
  readonly messages: number;
}

export interface LogLevelReport {
  readonly level: string;
  /** Of the configuration file. */
  readonly configured: string;
  /** When the configured one counts again; null: it does, or at the next start. */
  readonly untilMs: number | null;
}

/** A command, a reply or what else happened in a dialogue with an upstream. */
export interface TraceLineReport {
  readonly atMs: number;
  readonly account: string;
  /** Tells the connections apart. */
  readonly connection: number;
  readonly is: 'sent' | 'received' | 'note';
  readonly text: string;
}

export interface TraceEndReport {
  readonly lines: number;
  /** Not sent because the reader was too slow. */
  readonly dropped: number;
  readonly why: 'time' | 'lines' | 'stopping';
}

export interface ConnectionReport {
  readonly account: string;
  /** A phase of the dialogue, or `idle`. */
  readonly doing: string;
  readonly forMs: number;
  /** Transactions begun on it. */
  readonly messages: number;
}

/** Recipients, per second over the last ten seconds and since the start. */
export interface FlowReport {
  readonly perSecond: number;
  readonly total: number;
}

/** One look at everything that moves. */
export interface TopReport {
  readonly nowMs: number;
  readonly pause: RelayPause | null;
  readonly accounts: readonly AccountReport[];
  readonly connections: readonly ConnectionReport[];
  /** Messages. */
  readonly accepted: FlowReport;
  /** By account; absent: it has tried nothing. */
  readonly flows: Readonly<
    Record<string, { delivered: FlowReport; deferred: FlowReport; bounced: FlowReport }>
  >;
}

/** What a flush would do, by account. */
export interface FlushPlan {
  readonly nowMs: number;
  readonly pause: RelayPause | null;
  readonly lanes: readonly FlushPlanLane[];
}

export interface FlushPlanLane {
  /** Null: mail without an account; the routes in force find it one. */
  readonly account: string | null;
  /** Null: no account, or one that is no longer configured. */
  readonly state: AccountReport['state'] | null;
  readonly recipients: number;
  readonly messages: number;
  /** `12 of 20/m`, by window; empty without limits. */
  readonly quota: AccountReport['quota'];
  /** What is left of the tightest window now; null: no limits. */
  readonly quotaLeft: number | null;
  /** How fast it goes by what is known; null: nothing is. */
  readonly perSecond: number | null;
  /** When the last of it has gone at that rate and by the limits; null: nobody knows. */
  readonly outAtMs: number | null;
  /** Recipients whose lifetime ends within the hour, or before their turn comes. */
  readonly tooOld: number;
}

/** How far a flush is. */
export interface FlushProgress {
  /** What it set in motion. */
  readonly recipients: number;
  /** Of them, those that were tried since. */
  readonly tried: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly bounced: number;
  /** Nothing of its accounts is due or being sent any more. */
  readonly done: boolean;
  /** Why nothing goes on: the whole relay, or accounts with recipients of the flush. */
  readonly pause: RelayPause | null;
  readonly stopped: readonly { readonly account: string; readonly state: AccountReport['state'] }[];
}
