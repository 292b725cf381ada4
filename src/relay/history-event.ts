import type { FeedbackEvent } from './feedback.ts';
import type { MessageId } from './message.ts';
import type { ReasonClass } from './outcome.ts';

/**
 * What happened to queued mail besides attempts and outcomes. `index` is the recipient's; null: all
 * that were left.
 */
export type HistoryEvent =
  | FeedbackEvent
  | {
      readonly is: 'held';
      readonly atMs: number;
      readonly index: number | null;
      readonly reason: ReasonClass;
      readonly text: string;
    }
  /** `text`: what it was held for; '' when that is not known. */
  | {
      readonly is: 'released';
      readonly atMs: number;
      readonly index: number | null;
      readonly text: string;
    }
  /** Accounts; null: none. */
  | {
      readonly is: 'rerouted';
      readonly atMs: number;
      readonly index: number | null;
      readonly from: string | null;
      readonly to: string | null;
    }
  /** The reverse-path was told, by a notification of its own. */
  | { readonly is: 'notified'; readonly atMs: number; readonly id: MessageId };
