import type { UnknownFeedback } from '../relay/feedback.ts';
import type { Suppression, SuppressionKey, SuppressionReason } from '../relay/suppression.ts';

/** Longest page of suppression.list, and most entries of one suppression.add. */
export const suppressionPageMax = 1_000;

/** Requests about the suppression list, and what providers say later. */
export interface FeedbackRequests {
  /** By address and account, after `after`. `address`: of that one only. */
  readonly 'suppression.list': {
    ask: {
      readonly address: string | null;
      readonly after: SuppressionKey | null;
      readonly limit: number;
    };
    answer: {
      readonly entries: readonly Suppression[];
      /** Pass as `after` for the next page; null at the end. */
      readonly next: SuppressionKey | null;
      /** Addresses in the whole list. */
      readonly addresses: number;
    };
  };
  /**
   * In place of what was there for the same address and account; not-found for an account that does
   * not exist. `forMs` null: until somebody removes it.
   */
  readonly 'suppression.add': {
    ask: {
      readonly account: string | null;
      readonly forMs: number | null;
      readonly entries: readonly {
        readonly address: string;
        readonly reason: SuppressionReason;
        readonly detail: string;
      }[];
    };
    answer: { readonly added: number };
  };
  /** `account` null: every entry of the address. not-found when there is none. */
  readonly 'suppression.remove': {
    ask: { readonly address: string; readonly account: string | null };
    answer: { readonly removed: number };
  };
  /** Of messages that nobody here knows, the newest first. */
  readonly 'feedback.unknown': {
    ask: { readonly limit: number };
    answer: { readonly said: readonly UnknownFeedback[] };
  };
}
