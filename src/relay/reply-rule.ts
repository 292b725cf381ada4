import type { StatusDetail } from '../mail/reply.ts';
import type { Phase, ReasonClass } from './outcome.ts';

/** What a rule can ask for; policy/judgement turns it into what it means at the phase it came. */
export const ACTIONS = [
  'retry',
  'bounce', // RCPT: the recipient, else the message
  'bounce-recipient', // the same, but several in one transaction are split first: one may be meant
  'bounce-at-rcpt', // elsewhere retried
  'split', // with one recipient: retried or bounced, as the code says
  'split-if-accepted', // too many recipients when some were accepted, else retried
  'reconnect-then-retry',
  'reconnect-then-bounce',
  'reconnect-then-pause',
  'throttle', // the rate is lowered; paused when the lowest is too much
  'fewer-connections', // one less at once; paused when one is too many
  'pause', // their trouble
  'pause-policy',
  'pause-flood',
  'pause-quota',
  'pause-until', // the time that the text names; without one as long as for a quota
  'pause-until-hour', // the next full hour
  'hold-account',
  'hold-sender',
  'retry-then-hold-sender', // providers that refuse senders by mistake now and then
  'refused-identities', // the text lists them: the sender is held, a recipient bounces
] as const;
export type Action = (typeof ACTIONS)[number];

/** What a rule may say beyond the usual meaning of its action. */
export interface Particulars {
  /** In place of the action's pause lengths, per consecutive occurrence. Milliseconds. */
  readonly waitsMs?: readonly number[];
  /** Whether another account may try, where the action alone would say otherwise. */
  readonly mayFailOver?: boolean;
}

/**
 * Action, reason class (null: what the phase says), and for the account or sender a hint of its
 * own.
 */
export type Judgement = readonly [
  action: Action,
  reason: ReasonClass | null,
  hint?: string | undefined,
  particulars?: Particulars,
];

/**
 * One row of an ordered list; all conditions given must hold, the first row that matches decides.
 */
export interface ReplyRule {
  readonly phases?: readonly Phase[];
  /** Reply codes, or a class as its first digit. */
  readonly codes?: readonly number[];
  /** Enhanced status details; null stands for a reply without any. */
  readonly details?: readonly (StatusDetail | null)[];
  /**
   * Named groups are read by the action: `until` (a date with its zone), `hours`, `minutes`,
   * `seconds`, `identities` (addresses and domains between commas).
   */
  readonly text?: RegExp;
  readonly judgement: Judgement;
}
