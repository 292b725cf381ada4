import type { AddressPattern } from './account.ts';

/** An operator stopped all delivery; mail is still taken. */
export interface RelayPause {
  readonly reason: string;
  readonly sinceMs: number;
  /** Null: until somebody ends it. */
  readonly untilMs: number | null;
}

/** An operator has it take no more mail; what is here goes out. */
export type RelayDrain = RelayPause;

/** What mail a hold rule is about; all that is given must hold. */
export interface HoldScope {
  /** The reverse-path or an address of the From field. */
  readonly sender: AddressPattern | null;
  readonly client: string | null;
  readonly recipient: AddressPattern | null;
  /** The account it would leave through. */
  readonly account: string | null;
}

/** Mail to come that is taken and held. */
export interface HoldRule extends HoldScope {
  /** Never used again for another rule. */
  readonly id: number;
  readonly reason: string;
  readonly sinceMs: number;
  /** Null: until somebody ends it. */
  readonly untilMs: number | null;
  /** What it has held stays held when it ends. */
  readonly keep: boolean;
}

/** What an operator has ordered for the time to come, kept over restarts. */
export interface Steering {
  readonly pause: RelayPause | null;
  /** In the order in which they were made. */
  readonly rules: readonly HoldRule[];
}
