import type { EnvelopeRecipient } from '../mail/envelope.ts';
import { isPositive, type Reply } from '../mail/reply.ts';
import { classify, classifyFault, reasonOf } from '../policy/classify.ts';
import type { Account } from '../relay/account.ts';
import type { Message } from '../relay/message.ts';
import type { Cause, Phase, ReasonClass, Verdict } from '../relay/outcome.ts';
import type { TransactionEnd } from './transaction-contract.ts';

/** What one transaction came to for one recipient. */
export type Result =
  | { readonly is: 'delivered'; readonly reply: Reply }
  | { readonly is: 'deferred'; readonly cause: Cause; readonly reason: ReasonClass }
  | { readonly is: 'bounced'; readonly cause: Cause; readonly reason: ReasonClass }
  /** The final dot was sent and no reply came (RFC 1047). */
  | { readonly is: 'in-doubt'; readonly cause: Cause }
  /** Stopped until someone acts; the account itself works. With a hint: because of its sender. */
  | ({ readonly is: 'held'; readonly hint?: string } & Why)
  /** The account must stop; the message waits and has used up no attempt. */
  | { readonly is: 'stopped'; readonly cause: Cause; readonly verdict: AccountVerdict }
  /** We broke it off ourselves before the final dot: it waits and has used up no attempt. */
  | { readonly is: 'interrupted'; readonly cause: Cause }
  /** Another transaction at once: with fewer recipients, or on another connection. */
  | ({ readonly is: 'again'; readonly why: 'split' | 'reconnect' } & Why);

interface Why {
  readonly cause: Cause;
  readonly reason: ReasonClass;
}

export type AccountVerdict = Verdict & { readonly scope: 'account' };

export interface Circumstances {
  /** The connection had carried another transaction: the upstream may have ended it meanwhile. */
  readonly reused: boolean;
  /** How often this attempt was already repeated on a new connection. */
  readonly reconnects: number;
}

/** What the transaction was about: replies can name account, senders and recipients. */
export interface Subject {
  readonly account: Account;
  readonly message: Message;
  readonly addressed: readonly EnvelopeRecipient[];
  /** Of the message, before: the attempts that have counted for each recipient. */
  readonly recipients: readonly { readonly attempts: number }[];
}

/** One result per recipient of the transaction, in their order. */
export function judgeTransaction(
  end: TransactionEnd,
  circumstances: Circumstances,
  { account, message, addressed, recipients: tried }: Subject,
): Result[] {
  const { endOfData: taken } = end;
  // By far the most common case: nothing has to be judged.
  if (taken !== null && isPositive(taken) && end.rcpt.every(isPositive)) {
    return end.rcpt.map(() => ({ is: 'delivered', reply: taken }));
  }
  const recipients = end.rcpt.length;
  const acceptedRecipients = end.rcpt.filter(isPositive).length;
  const attempts = Math.min(...tried.map((one) => one.attempts));
  const { reconnects } = circumstances;
  const senders = [message.envelope.reversePath, message.from ?? ''].filter((a) => a !== '');
  const seen = { recipients, acceptedRecipients, reconnects, senders, attempts };
  return end.rcpt.map((reply, index) => {
    const refused = (at: Phase, answer: Reply): Result => {
      const recipient = addressed[index]?.forwardPath ?? '';
      const { replyRules } = account;
      const verdict = classify({ ...seen, phase: at, reply: answer, recipient }, replyRules);
      return resultOf(verdict, { from: 'peer', phase: at, reply: answer });
    };
    if (end.mail !== null && !isPositive(end.mail)) return refused('mail', end.mail);
    if (reply !== null && !isPositive(reply)) return refused('rcpt', reply);
    const { endOfData, data, broken } = end;
    if (endOfData !== null) {
      return isPositive(endOfData)
        ? { is: 'delivered', reply: endOfData }
        : refused('end-of-data', endOfData);
    }
    if (broken === null) return refusedEnvelope(data, refused);
    if (broken.from === 'peer') return refused(broken.phase, broken.reply);
    return brokenOff(broken, end, circumstances);
  });
}

/** Everybody accepted was refused by the reply to DATA. */
function refusedEnvelope(
  data: Reply | null,
  refused: (phase: Phase, reply: Reply) => Result,
): Result {
  if (data !== null && data.code >= 400) return refused('data', data);
  return resultOf(classifyFault('protocol', 'data'), {
    from: 'network',
    phase: 'data',
    fault: 'protocol',
    detail: 'the dialogue got out of step',
  });
}

function brokenOff(
  broken: Cause,
  end: TransactionEnd,
  { reused, reconnects }: Circumstances,
): Result {
  if (broken.from !== 'network' && !end.dotted) {
    const ours = broken.from === 'us' && broken.reason === 'interrupted';
    if (ours) return { is: 'interrupted', cause: broken };
    return { is: 'held', cause: broken, reason: reasonOf(broken) };
  }
  // RFC 1047: from the dot to its reply nobody knows who has the message.
  if (broken.from !== 'network') return { is: 'in-doubt', cause: broken };
  if (end.dotted) return { is: 'in-doubt', cause: { ...broken, phase: 'end-of-data' } };
  // Upstreams end resting sessions when they like. That is not a failure of this message.
  if (reused && reconnects === 0 && end.mail === null) {
    return { is: 'again', why: 'reconnect', cause: broken, reason: 'network' };
  }
  return resultOf(classifyFault(broken.fault, broken.phase), broken);
}

function resultOf(verdict: Verdict, cause: Cause): Result {
  const { reason } = verdict;
  if (verdict.scope === 'account') return { is: 'stopped', cause, verdict };
  switch (verdict.action) {
    case 'retry':
      return { is: 'deferred', cause, reason };
    case 'bounce':
      return { is: 'bounced', cause, reason };
    case 'hold':
      return { is: 'held', cause, reason, hint: verdict.hint };
    case 'split':
    case 'reconnect':
      return { is: 'again', why: verdict.action, cause, reason };
  }
}
