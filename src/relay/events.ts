import type { AccountEvent } from './account-events.ts';
import type { AlertEvent } from './alert-events.ts';
import type { FeedbackKind, FeedbackProvider, FeedbackRefusal } from './feedback.ts';
import type { MessageId } from './message.ts';
import type { Outcome, Phase, ReasonClass } from './outcome.ts';
import type { AcceptTrace, AttemptTrace, TraceContext } from './trace-context.ts';

/**
 * Everything the relay can say. Log lines, metrics, history and alerts are folds over this one
 * union.
 */
export type RelayEvent =
  | AccountEvent
  | AlertEvent
  | {
      readonly is: 'daemon.started';
      readonly version: string;
      readonly node: string;
      readonly config: string;
      readonly tookMs: number;
    }
  | { readonly is: 'daemon.stopping'; readonly signal: string; readonly drainMs: number }
  | { readonly is: 'daemon.stopped'; readonly tookMs: number; readonly aborted: number }
  | { readonly is: 'daemon.failed'; readonly what: string; readonly detail: string }
  | { readonly is: 'supervisor.unreachable'; readonly detail: string }
  | { readonly is: 'config.reloaded'; readonly file: string; readonly changes: readonly string[] }
  | { readonly is: 'config.refused'; readonly file: string; readonly problems: readonly string[] }
  | { readonly is: 'config.warning'; readonly file: string; readonly problem: string }
  | { readonly is: 'listener.opened'; readonly listen: string; readonly tls: string }
  | {
      readonly is: 'session.refused';
      readonly listen: string;
      readonly remote: string;
      readonly reason: SessionRefusal;
    }
  | {
      readonly is: 'login.failed';
      readonly client: string;
      readonly remote: string;
      readonly mechanism: string;
      readonly known: boolean;
    }
  | {
      readonly is: 'message.refused';
      readonly client: string;
      readonly reversePath: string;
      readonly recipient: string | null;
      readonly reply: string;
      readonly reason: RefusalReason;
    }
  | {
      readonly is: 'message.accepted';
      readonly id: MessageId;
      readonly client: string;
      readonly reversePath: string;
      readonly recipients: number;
      readonly bytes: number;
      readonly lane: string | null;
      readonly messageIdField: string | null;
      readonly protocol: string;
      readonly remote: string;
      readonly tookMs: number;
      readonly trace?: AcceptTrace;
    }
  | {
      readonly is: 'recipient.settled';
      readonly id: MessageId;
      readonly account: string | null;
      readonly recipient: string;
      readonly outcome: Outcome['kind'] | 'held' | 'discarded' | 'removed';
      readonly reason: ReasonClass;
      readonly text: string;
      readonly authenticatedAs: string | null;
      readonly peer: string | null;
      readonly tls: string | null;
      readonly attempts: number;
      readonly nextAtMs: number | null;
      readonly waitedMs: number;
      /** What the provider calls the message, as its reply says; for its logs and its support. */
      readonly providerId?: string;
      readonly trace?: TraceContext;
    }
  | {
      readonly is: 'message.completed';
      readonly id: MessageId;
      readonly queuedMs: number;
      readonly trace?: TraceContext;
    }
  | {
      readonly is: 'attempt.finished';
      readonly id: MessageId;
      readonly account: string;
      readonly tookMs: number;
      readonly phase: Phase | null;
      readonly reused: boolean;
      readonly trace?: AttemptTrace;
    }
  | {
      readonly is: 'queue.recovered';
      readonly requeued: number;
      readonly inDoubt: number;
      readonly quarantined: number;
    }
  | {
      readonly is: 'queue.flushed';
      readonly recipients: number;
      readonly messages: number;
      readonly by: string;
    }
  | {
      readonly is: 'queue.rerouted';
      readonly recipients: number;
      readonly messages: number;
      /** Null: by the routes in force. */
      readonly account: string | null;
      readonly by: string;
    }
  | {
      readonly is: 'feedback.received';
      readonly provider: FeedbackProvider;
      readonly kind: FeedbackKind;
      /** Null: nobody here knows the message. */
      readonly id: MessageId | null;
      readonly account: string | null;
      readonly recipient: string | null;
      readonly providerId: string | null;
      /** The address is on the suppression list because of it. */
      readonly suppressed: boolean;
      readonly text: string;
    }
  | {
      readonly is: 'feedback.refused';
      /** Null: it is not known whom it was for. */
      readonly provider: FeedbackProvider | null;
      readonly reason: FeedbackRefusal;
      readonly remote: string;
      readonly detail: string;
    }
  | { readonly is: 'feedback.subscription'; readonly topic: string; readonly confirmed: boolean }
  | {
      readonly is: 'suppression.changed';
      readonly added: number;
      readonly removed: number;
      readonly by: string;
    }
  | { readonly is: 'relay.paused'; readonly detail: string; readonly untilMs: number | null }
  | { readonly is: 'relay.resumed'; readonly by: 'operator' | 'time' }
  | { readonly is: 'relay.draining'; readonly detail: string; readonly untilMs: number | null }
  | { readonly is: 'relay.undrained'; readonly by: 'operator' | 'time' }
  | {
      readonly is: 'hold.added';
      readonly rule: number;
      readonly detail: string;
      readonly untilMs: number | null;
    }
  | {
      readonly is: 'hold.ended';
      readonly rule: number;
      readonly by: 'operator' | 'time';
      /** Released by it. */
      readonly recipients: number;
    }
  | { readonly is: 'log.level-changed'; readonly newLevel: string; readonly untilMs: number | null }
  | { readonly is: 'queue.row-quarantined'; readonly id: string; readonly detail: string }
  | { readonly is: 'store.committed'; readonly operations: number; readonly tookMs: number }
  | { readonly is: 'store.failed'; readonly fault: string; readonly detail: string }
  | {
      readonly is: 'tracing.failed';
      readonly endpoint: string;
      readonly detail: string;
      /** Lost since the daemon started. */
      readonly spans: number;
    }
  | { readonly is: 'log.not-reopened'; readonly file: string; readonly detail: string }
  | { readonly is: 'clock.jumped'; readonly byMs: number; readonly clamped: number }
  | {
      readonly is: 'control.called';
      readonly request: string;
      readonly tookMs: number;
      readonly failed: boolean;
      /** Why it failed. */
      readonly detail?: string;
    };

export type SessionRefusal =
  | 'connections'
  | 'per-client'
  | 'per-address'
  | 'reserved'
  | 'commands'
  | 'logins'
  | 'tls'
  | 'timeout'
  | 'slow'
  | 'draining';

export const REFUSAL_REASONS = [
  'no-route',
  'sender-not-allowed',
  'from-not-allowed',
  'identity',
  'size',
  'recipients',
  'suppressed',
  'hops',
  'content',
  'newlines',
  'rate',
  'storage-full',
  'storage-failed',
  'aborted',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export type EventSink = (event: RelayEvent) => void;
