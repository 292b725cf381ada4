import type { Reply } from '../mail/reply.ts';
import type { Phase, ReasonClass, Verdict } from '../relay/outcome.ts';
import {
  hold,
  holdSender,
  isBeforeMail,
  pause,
  reconnect,
  settle,
  split,
  WAITS,
} from './verdicts.ts';

/**
 * A reply of 400 or above, or one out of place, with what the transaction looked like when it came.
 */
export interface Seen {
  readonly phase: Phase;
  readonly reply: Reply;
  /** Recipients given in this transaction. */
  readonly recipients: number;
  /** Those of them whose RCPT was answered 2xx. */
  readonly acceptedRecipients: number;
  /** How often this attempt was already repeated on a new connection; absent: never. */
  readonly reconnects?: number;
}

/**
 * What a table can ask for; `verdictFor` turns it into what it means at the phase the reply came.
 */
export type Action =
  | 'retry'
  | 'bounce' // RCPT: the recipient, else the message
  | 'bounce-recipient' // the same, but several in one transaction are split first: one may be meant
  | 'bounce-at-rcpt' // elsewhere retried
  | 'split' // with one recipient: retried or bounced, as the code says
  | 'split-if-accepted' // too many recipients when some were accepted, else retried
  | 'reconnect-then-retry'
  | 'reconnect-then-bounce'
  | 'reconnect-then-pause'
  | 'throttle'
  | 'pause' // their trouble
  | 'pause-policy'
  | 'pause-flood'
  | 'pause-quota'
  | 'hold-account'
  | 'hold-sender';

/**
 * Action, reason class (null: what the phase says), and for the account or sender a hint of its
 * own.
 */
export type Judgement = readonly [action: Action, reason: ReasonClass | null, hint?: string];

/** Whom a refusal concerns when nothing but its phase is known. */
function reasonAt(phase: Phase): ReasonClass {
  if (isBeforeMail(phase)) return phase === 'auth' ? 'credentials' : 'upstream';
  if (phase === 'mail') return 'sender';
  return phase === 'rcpt' ? 'recipient' : 'content';
}

export function verdictFor([action, named, hint]: Judgement, seen: Seen): Verdict {
  const { phase } = seen;
  const reason = named ?? reasonAt(phase);
  switch (action) {
    case 'retry':
    case 'bounce':
      return settle(phase, action, reason);
    case 'bounce-at-rcpt':
      return settle(phase, phase === 'rcpt' ? 'bounce' : 'retry', reason);
    case 'bounce-recipient': {
      const several = phase !== 'rcpt' && phase !== 'mail' && seen.acceptedRecipients > 1;
      return several ? split(reason) : settle(phase, 'bounce', reason);
    }
    case 'split':
      return seen.recipients > 1 ? split(reason) : byClass(seen, reason);
    case 'split-if-accepted':
      return seen.acceptedRecipients > 0 ? split(reason) : byClass(seen, reason);
    case 'reconnect-then-retry':
    case 'reconnect-then-bounce':
    case 'reconnect-then-pause':
      return afterReconnect(action, seen, reason);
    case 'throttle':
      return pause('throttled', WAITS.throttle, hint);
    case 'pause':
      return pause(reason, WAITS.upstream, hint);
    case 'pause-policy':
      return pause(reason, WAITS.policy, hint);
    case 'pause-flood':
      return pause(reason, WAITS.flood, hint);
    case 'pause-quota':
      return pause('quota', WAITS.quota, hint);
    case 'hold-account':
      return hold(reason, hint);
    case 'hold-sender':
      return holdSender(hint);
  }
}

/** RFC 5321 section 4.2.1: 4yz asks to repeat the same later, 5yz not to. */
function byClass(seen: Seen, reason: ReasonClass): Verdict {
  return settle(seen.phase, seen.reply.code < 500 ? 'retry' : 'bounce', reason);
}

/** A new connection is tried once; a reply that comes again is meant. */
function afterReconnect(
  action: 'reconnect-then-retry' | 'reconnect-then-bounce' | 'reconnect-then-pause',
  seen: Seen,
  reason: ReasonClass,
): Verdict {
  if ((seen.reconnects ?? 0) < 1) return reconnect(reason);
  if (action === 'reconnect-then-pause') return pause(reason, WAITS.upstream);
  return settle(seen.phase, action === 'reconnect-then-retry' ? 'retry' : 'bounce', reason);
}
