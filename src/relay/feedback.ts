import type { MessageId } from './message.ts';
import type { Suppression, SuppressionKey } from './suppression.ts';

/** Providers whose posts are understood. */
export const FEEDBACK_PROVIDERS = ['ses', 'sendgrid', 'mailgun', 'postmark', 'brevo'] as const;
export type FeedbackProvider = (typeof FEEDBACK_PROVIDERS)[number];

/**
 * What a provider says of mail it took. `soft-bounced`: refused for now or for a reason that says
 * nothing of the address. `dropped`: it did not try.
 */
export const FEEDBACK_KINDS = [
  'delivered',
  'bounced',
  'soft-bounced',
  'dropped',
  'complained',
] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** Why a post was refused. */
export const FEEDBACK_REFUSALS = [
  'path',
  'credentials',
  'signature',
  'unproven',
  'stale',
  'replay',
  'malformed',
  'type',
  'size',
  'slow',
  'rate',
] as const;
export type FeedbackRefusal = (typeof FEEDBACK_REFUSALS)[number];

/** One thing that a provider says of one recipient. */
export interface FeedbackItem {
  /** The same whenever the same thing is said again. */
  readonly key: string;
  readonly kind: FeedbackKind;
  readonly atMs: number;
  /** Null: it is about the message as a whole. */
  readonly recipient: string | null;
  /** What the provider calls the message, as its last reply did; null: not said. */
  readonly providerId: string | null;
  readonly messageIdField: string | null;
  /** Our own id of it, from a field that the provider gives back. */
  readonly ownId: MessageId | null;
  /** One line; '' when nothing is said. */
  readonly text: string;
  /** It speaks of this one address for certain, so that the suppression list may have it. */
  readonly certain: boolean;
}

/** As the history of the message keeps it. */
export interface FeedbackEvent {
  readonly is: 'feedback';
  readonly atMs: number;
  /** The recipient's; null: not known, or all. */
  readonly index: number | null;
  readonly kind: FeedbackKind;
  readonly provider: FeedbackProvider;
  readonly account: string | null;
  readonly text: string;
}

/** What was said of a message that nobody here knows; whose mail it is, is not kept. */
export interface UnknownFeedback {
  readonly atMs: number;
  readonly provider: FeedbackProvider;
  readonly kind: FeedbackKind;
  readonly providerId: string | null;
}

export interface FeedbackNote {
  readonly key: string;
  readonly about:
    | { readonly is: 'message'; readonly id: MessageId; readonly event: FeedbackEvent }
    | { readonly is: 'unknown'; readonly said: UnknownFeedback };
  readonly suppression: Suppression | null;
}

/** What one post brought. */
export interface FeedbackPost {
  /** Of the post as a whole; null: its provider gives it none. */
  readonly key: string | null;
  /** How long its keys are remembered. */
  readonly forgetAtMs: number;
  readonly notes: readonly FeedbackNote[];
}

export interface FeedbackNoted {
  /** The post came before: nothing of it was taken. */
  readonly replayed: boolean;
  /** Places of the notes that are new. */
  readonly fresh: readonly number[];
}

/** The part of the QueueStore that keeps what providers say, and who gets no mail. */
export interface FeedbackStore {
  /** In one transaction, each key once. What is owed to the history follows the commit. */
  noteFeedback(post: FeedbackPost): Promise<FeedbackNoted>;
  /** Of messages that nobody here knows, the newest first. */
  unknownFeedback(limit: number): Promise<readonly UnknownFeedback[]>;
  /** By address and account, after `after`; entries that have ended may be among them. */
  suppressions(query: {
    readonly after: SuppressionKey | null;
    readonly limit: number;
  }): Promise<readonly Suppression[]>;
  /** In place of what was there for the same address and account. */
  suppress(entries: readonly Suppression[]): Promise<void>;
  /** How many there were. */
  unsuppress(keys: readonly SuppressionKey[]): Promise<number>;
  /** Forgets the keys of posts and the entries whose time is over. */
  expireFeedback(nowMs: number): Promise<void>;
}
