import type { UpstreamPhase } from '../support/upstream-rules.ts';
import type { Meter } from './meter.ts';

/** A reply that stops something, where the provider gives it. */
export interface Wall {
  readonly at: UpstreamPhase;
  readonly reply: (facts: WallFacts) => string;
  /** The connection ends with it. */
  readonly drop?: boolean;
}

export interface WallFacts {
  readonly username: string;
  /** Whom or what it concerns: addresses that fail a check. */
  readonly named: readonly string[];
  /** The allowance that is used up. */
  readonly meter: Meter | null;
  readonly nowMs: number;
}

/** Everything that a login, a session or a message may run into. */
export const WALLS = [
  'connections',
  'logins',
  'login',
  'credits',
  'sessionMessages',
  'sandboxRecipients',
  'recipients',
  'rate',
  'quota',
  'senders',
] as const;
export type WallName = (typeof WALLS)[number];

/** How one provider looks from outside, as the facts sheet has it. */
export interface Provider {
  readonly name: string;
  readonly tls: 'starttls' | 'implicit';
  readonly mechanisms: readonly string[];
  readonly extensions: readonly string[];
  /** What its quota counts. */
  readonly counts: 'messages' | 'recipients';
  /** Replies to what it has nothing against; the others are the usual ones. */
  readonly says: Partial<Record<UpstreamPhase, string>>;
  readonly accepts: (facts: { readonly sequence: number; readonly messageId: string }) => string;
  readonly walls: Partial<Record<WallName, Wall>>;
}
