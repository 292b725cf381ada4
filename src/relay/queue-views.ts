import type { MessageId } from './message.ts';

/**
 * Orders of a listing: oldest, next due, largest, most often tried, by account; equal ones and what
 * has none by id.
 */
export const QUEUE_SORTS = ['age', 'due', 'size', 'attempts', 'account'] as const;
export type QueueSort = (typeof QUEUE_SORTS)[number];

/** What a filter matches, by lane. A message with recipients in two lanes counts in both. */
export interface QueueCount {
  readonly recipients: number;
  readonly messages: number;
  readonly lanes: readonly {
    readonly lane: string | null;
    readonly recipients: number;
    readonly messages: number;
  }[];
}

/** What recipients in the queue can be grouped by; `age` is the column of `QUEUE_AGES_MS`. */
export const QUEUE_GROUP_KEYS = ['account', 'reason', 'age', 'recipient-domain'] as const;
export type QueueGroupKey = (typeof QUEUE_GROUP_KEYS)[number];

/** Upper bounds of the columns of a `QueueGroup`; one more column holds what is older. */
export const QUEUE_AGES_MS: readonly number[] = [
  300_000, 1_200_000, 3_600_000, 14_400_000, 86_400_000, 432_000_000,
];

/** Recipients with the same values, counted by how long ago their ids were drawn. */
export interface QueueGroup {
  /** In the order of the keys asked for; null: no account, no reason yet, or merged into others. */
  readonly values: readonly (string | null)[];
  /** One number for each of `QUEUE_AGES_MS`, and one for what is older. */
  readonly ages: readonly number[];
}

/** One message on its way to another account by an operator's word. */
export interface Redirect {
  readonly id: MessageId;
  readonly lane: string;
  /** It stays with the account whatever the routes say. */
  readonly bind: boolean;
  /** Those that are still as they were; others are left alone. Due at once unless held. */
  readonly recipients: readonly {
    readonly index: number;
    readonly was: 'waiting' | 'in-doubt' | 'held';
    readonly becomes: 'waiting' | 'in-doubt' | 'held';
  }[];
}

/** What became of mail that an operator sent another way, or would become of it. */
export interface RedirectReport {
  readonly recipients: number;
  readonly messages: number;
  /** Lanes left (null: it had none) and lanes entered, with how many recipients. */
  readonly moves: readonly {
    readonly from: string | null;
    readonly to: string;
    readonly recipients: number;
  }[];
  /** Recipients that no account takes any more: held or discarded, as the routes say. */
  readonly withoutAccount: number;
  /** Recipients left where they are because they may already have been delivered. */
  readonly inDoubt: number;
  /** Messages left where they are because the account may not send as their sender. */
  readonly notAllowed: number;
  /** The first few of them. */
  readonly senders: readonly { readonly id: MessageId; readonly address: string }[];
}
