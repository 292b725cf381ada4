import type { MessageId } from './message.ts';
import type { Outcome, Phase, ReasonClass } from './outcome.ts';

/** Everything the relay can say. Log lines, metrics, history and alerts are folds over this one union. */
export type RelayEvent =
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
      readonly why: SessionRefusal;
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
      readonly why: RefusalReason;
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
    }
  | { readonly is: 'message.completed'; readonly id: MessageId; readonly queuedMs: number }
  | {
      readonly is: 'attempt.finished';
      readonly id: MessageId;
      readonly account: string;
      readonly tookMs: number;
      readonly phase: Phase | null;
      readonly reused: boolean;
    }
  | {
      readonly is: 'account.held';
      readonly account: string;
      readonly reason: ReasonClass;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'account.paused';
      readonly account: string;
      readonly reason: ReasonClass;
      readonly detail: string;
      readonly untilMs: number;
      readonly hint: string;
    }
  | {
      readonly is: 'account.resumed';
      readonly account: string;
      readonly by: 'operator' | 'time' | 'reload' | 'success';
    }
  | {
      readonly is: 'account.misrouted';
      readonly account: string;
      readonly authenticatedAs: string;
      readonly id: MessageId;
    }
  | {
      readonly is: 'connection.opened';
      readonly account: string;
      readonly peer: string;
      readonly tls: string | null;
      readonly tookMs: number;
    }
  | {
      readonly is: 'connection.closed';
      readonly account: string;
      readonly peer: string;
      readonly messages: number;
      readonly why: string;
    }
  | {
      readonly is: 'tls.exception-used';
      readonly account: string;
      readonly fault: string;
      readonly untilMs: number;
      readonly reason: string;
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
  | { readonly is: 'queue.row-quarantined'; readonly id: string; readonly detail: string }
  | { readonly is: 'store.committed'; readonly operations: number; readonly tookMs: number }
  | { readonly is: 'store.failed'; readonly fault: string; readonly detail: string }
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
  | 'early-talker'
  | 'commands'
  | 'logins'
  | 'tls'
  | 'timeout'
  | 'slow';

export const REFUSAL_REASONS = [
  'no-route',
  'sender-not-allowed',
  'from-not-allowed',
  'identity',
  'size',
  'recipients',
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

export type EventLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Level and meaning of every event; a new event without a line here does not compile. */
export const EVENTS = {
  'daemon.started': { level: 'info', help: 'The daemon listens and the queue is open.' },
  'daemon.stopping': {
    level: 'info',
    help: 'A signal came; sessions and attempts are being drained.',
  },
  'daemon.stopped': {
    level: 'info',
    help: 'Everything is closed; aborted counts attempts cut off, which stay queued.',
  },
  'daemon.failed': {
    level: 'error',
    help: 'A part of the daemon died; the process exits and the queue stays.',
  },
  'supervisor.unreachable': {
    level: 'warn',
    help: 'systemd could not be told how the daemon is; it may restart a daemon that works.',
  },
  'config.reloaded': { level: 'info', help: 'A new configuration is in force.' },
  'config.refused': {
    level: 'error',
    help: 'A reload found errors; the running configuration stays in force.',
  },
  'config.warning': {
    level: 'warn',
    help: 'The configuration is usable but something in it deserves a look.',
  },
  'listener.opened': { level: 'info', help: 'A submission listener accepts connections.' },
  'session.refused': { level: 'warn', help: 'A client session was refused or ended by a limit.' },
  'login.failed': { level: 'warn', help: 'A client gave wrong credentials.' },
  'message.refused': {
    level: 'warn',
    help: 'A message was refused in the SMTP dialogue; the client was told.',
  },
  'message.accepted': {
    level: 'info',
    help: 'A message is durable in the queue and the client has its 250.',
  },
  'recipient.settled': {
    level: 'info',
    help: 'An attempt, or an operator, decided something for one recipient.',
  },
  'message.completed': { level: 'info', help: 'No recipient of the message is left in the queue.' },
  'attempt.finished': {
    level: 'debug',
    help: 'One transaction with an upstream ended; phase is where it stopped, null at success.',
  },
  'account.held': {
    level: 'error',
    help: 'An account is stopped until someone acts; its mail waits.',
  },
  'account.paused': {
    level: 'warn',
    help: 'An account is stopped until a time; its mail waits and uses up no attempt.',
  },
  'account.resumed': { level: 'info', help: 'An account works again.' },
  'account.misrouted': {
    level: 'error',
    help: 'A session was authenticated as somebody else than its account; nothing was sent on it.',
  },
  'connection.opened': {
    level: 'debug',
    help: 'A connection to an upstream is ready and authenticated.',
  },
  'connection.closed': { level: 'debug', help: 'A connection to an upstream ended.' },
  'tls.exception-used': {
    level: 'warn',
    help: 'A certificate fault was tolerated because of a time-boxed exception.',
  },
  'queue.recovered': { level: 'info', help: 'Leases of earlier runs were ended at start.' },
  'queue.flushed': { level: 'info', help: 'An operator flushed the queue.' },
  'queue.row-quarantined': {
    level: 'error',
    help: 'A stored row could not be read and was set aside.',
  },
  'store.committed': { level: 'trace', help: 'One group commit.' },
  'store.failed': {
    level: 'error',
    help: 'The storage could not commit; clients got 4xx, nothing was lost.',
  },
  'clock.jumped': { level: 'warn', help: 'The wall clock went back; due times were brought near.' },
  'control.called': { level: 'debug', help: 'A relayctl request was answered.' },
} as const satisfies Record<RelayEvent['is'], { level: EventLevel; help: string }>;
