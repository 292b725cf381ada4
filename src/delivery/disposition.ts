import { formatReply } from '../mail/reply.ts';
import { delayWarningDue, type NotificationKind } from '../policy/notify.ts';
import { inDoubtDue, nextAttempt } from '../policy/schedule.ts';
import type { RelayEvent } from '../relay/events.ts';
import type { HeldSender } from '../relay/held-sender.ts';
import type { Message } from '../relay/message.ts';
import type { Cause, Outcome, ReasonClass } from '../relay/outcome.ts';
import type { Disposition, QueuedRecipient } from '../relay/queue.ts';
import type { QueueSettings } from '../relay/settings.ts';
import type { Result } from './judge.ts';
import { causeText } from './outcome-text.ts';

/** Everything that follows for one recipient from what happened to it. */
export interface Decision {
  readonly recipient: QueuedRecipient;
  readonly becomes: Disposition;
  readonly reason: ReasonClass;
  readonly text: string;
  /** For the history; null: it counts as no attempt. */
  readonly outcome: Outcome['kind'] | null;
  /** For the event; null: not worth one. */
  readonly told: (RelayEvent & { is: 'recipient.settled' })['outcome'] | null;
  /** What its sender may be owed. */
  readonly notify: NotificationKind | null;
  readonly cause: Cause | null;
}

export interface DecisionContext {
  readonly message: Message;
  /** The account it was tried with, or waits for. */
  readonly lane: string;
  readonly queue: QueueSettings;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly dice: number;
  /** The upstream took over the duty to report success (RFC 3461 section 5.2). */
  readonly upstreamReports: boolean;
}

export function decide(
  recipient: QueuedRecipient,
  result: Result,
  context: DecisionContext,
): Decision {
  switch (result.is) {
    case 'delivered':
      return {
        recipient,
        becomes: { is: 'settled', outcome: 'delivered' },
        reason: 'ok',
        text: formatReply(result.reply),
        outcome: 'delivered',
        told: 'delivered',
        notify: context.upstreamReports ? null : 'relayed',
        cause: null,
      };
    case 'bounced':
      return bounced(recipient, result.cause, result.reason);
    case 'deferred':
      return deferred(recipient, result, context);
    case 'in-doubt':
      return inDoubt(recipient, result.cause, context);
    case 'held':
      return held(recipient, result.cause, result.reason);
    case 'stopped': {
      const { cause, verdict } = result;
      const waits = putBack(recipient, context);
      const reason = wasInDoubt(recipient) ? 'in-doubt' : verdict.reason;
      return { ...waits, reason, text: causeText(cause), told: 'deferred', cause };
    }
    case 'interrupted':
      return putBack(recipient, context);
    case 'again':
      // More repetitions than any attempt needs: the schedule takes over.
      return deferred(recipient, result, context);
  }
}

/** Permanent: the reverse-path is told. */
export function bounced(recipient: QueuedRecipient, cause: Cause, reason: ReasonClass): Decision {
  return {
    recipient,
    becomes: { is: 'settled', outcome: 'bounced' },
    reason,
    text: causeText(cause),
    outcome: 'bounced',
    told: 'bounced',
    notify: 'failed',
    cause,
  };
}

export function held(recipient: QueuedRecipient, cause: Cause, reason: ReasonClass): Decision {
  return {
    recipient,
    becomes: { is: 'held' },
    reason,
    text: causeText(cause),
    outcome: cause.from === 'us' ? null : 'deferred',
    told: 'held',
    notify: null,
    cause,
  };
}

/** Leased in vain: it waits as before, due at once, and nothing is counted. */
export function putBack(
  recipient: QueuedRecipient,
  { lane, nowMs }: Pick<DecisionContext, 'lane' | 'nowMs'>,
): Decision {
  const dueAtMs = Math.min(recipient.dueAtMs || nowMs, nowMs);
  const { delayWarned } = recipient;
  return {
    recipient,
    // What may have arrived once stays with its account, whatever happens to it in between.
    becomes: wasInDoubt(recipient)
      ? { is: 'in-doubt', dueAtMs, lane: recipient.lane ?? lane }
      : { is: 'waiting', dueAtMs, counted: false, delayWarned, lane },
    reason: wasInDoubt(recipient) ? 'in-doubt' : (recipient.lastReason ?? 'internal'),
    text: recipient.lastText ?? '',
    outcome: null,
    told: null,
    notify: null,
    cause: null,
  };
}

/** The account may not send as its sender: it waits for someone without an attempt. */
export function heldForSender(
  recipient: QueuedRecipient,
  { detail }: HeldSender,
  context: Pick<DecisionContext, 'lane' | 'nowMs'>,
): Decision {
  const waits = putBack(recipient, context);
  return { ...waits, becomes: { is: 'held' }, reason: 'sender', text: detail, told: 'held' };
}

export function wasInDoubt(recipient: QueuedRecipient): boolean {
  return recipient.state === 'in-doubt';
}

function deferred(
  recipient: QueuedRecipient,
  { cause, reason }: { readonly cause: Cause; readonly reason: ReasonClass },
  context: DecisionContext,
): Decision {
  const { message, queue, nowMs, dice, lane } = context;
  const { acceptedAtMs, expiresAtMs } = message;
  const attempts = recipient.attempts + 1;
  const { retryMs } = queue;
  const next = nextAttempt({ attempts, acceptedAtMs, expiresAtMs, nowMs, retryMs, dice });
  if (next.is === 'expired') return bounced(recipient, cause, 'expired');
  const { dueAtMs } = next;
  const warns = delayWarningDue({
    acceptedAtMs,
    expiresAtMs,
    nowMs,
    delayWarningMs: queue.delayWarningMs,
    warned: recipient.delayWarned,
  });
  const delayWarned = recipient.delayWarned || warns;
  const doubtful = wasInDoubt(recipient);
  return {
    recipient,
    becomes: doubtful
      ? { is: 'in-doubt', dueAtMs, lane }
      : { is: 'waiting', dueAtMs, counted: true, delayWarned, lane },
    reason: doubtful ? 'in-doubt' : reason,
    text: causeText(cause),
    outcome: 'deferred',
    told: 'deferred',
    notify: warns && !doubtful ? 'delayed' : null,
    cause,
  };
}

/**
 * RFC 1047. At most one extra copy: a second doubt about the same recipient is for a person to
 * settle.
 */
function inDoubt(recipient: QueuedRecipient, cause: Cause, context: DecisionContext): Decision {
  const { queue, nowMs, dice, lane } = context;
  const base = { recipient, reason: 'in-doubt', text: causeText(cause), cause } as const;
  if (queue.inDoubt === 'fail') return bounced(recipient, cause, 'in-doubt');
  if (queue.inDoubt === 'hold' || wasInDoubt(recipient)) {
    return { ...base, becomes: { is: 'held' }, outcome: 'in-doubt', told: 'held', notify: null };
  }
  const dueAtMs = inDoubtDue(nowMs, dice);
  const becomes = { is: 'in-doubt', dueAtMs, lane } as const;
  return { ...base, becomes, outcome: 'in-doubt', told: 'in-doubt', notify: null };
}
