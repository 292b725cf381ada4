import { unreachable } from '../lib/assert.ts';
import type {
  Cause,
  NetworkFault,
  OwnReason,
  Phase,
  ReasonClass,
  Verdict,
} from '../relay/outcome.ts';
import type { Judgement, ReplyRule } from '../relay/reply-rule.ts';
import { judgeBasicCode } from './basic-codes.ts';
import { verdictFor } from './judgement.ts';
import { firstMatch, TEXT_RULES, TRANSACTION_RULES } from './reply-rules.ts';
import type { Seen } from './seen.ts';
import { judgeStatus } from './status-codes.ts';
import { hold, isBeforeMail, pause, reconnect, settle, WAITS } from './verdicts.ts';

/**
 * What an upstream's reply means, and for whom. Scope first, permanence second: a limit, a refused
 * login or a suspension arrives with any code at any phase and never bounces a message. `rules` are
 * the provider's own and go before everything generic.
 */
export function classify(seen: Seen, rules: readonly ReplyRule[] = []): Verdict {
  return explain(seen, rules).verdict;
}

export interface Explained {
  readonly verdict: Verdict;
  /** What was asked for, before the phase gave it its meaning. */
  readonly judgement: Judgement;
  /** Of the provider's; null: the generic order decided. */
  readonly rule: ReplyRule | null;
}

/** The same, and which of the provider's rules decided. */
export function explain(seen: Seen, rules: readonly ReplyRule[]): Explained {
  if (seen.phase === 'quit') {
    const judgement: Judgement = ['reconnect-then-retry', 'upstream'];
    return { verdict: reconnect('upstream'), judgement, rule: null };
  }
  // A success where there can be none is out of step, whatever its text says.
  const rule = seen.reply.code < 400 ? null : firstMatch(rules, seen);
  const judgement = rule?.judgement ?? judge(seen);
  const named = rule?.text?.exec(seen.reply.text)?.groups ?? {};
  return { verdict: verdictFor(judgement, seen, named), judgement, rule };
}

/** The order in which a reply is read where no provider's rule decides; the first answer counts. */
function judge(seen: Seen): Judgement {
  const { phase, reply } = seen;
  // A success where there can be none, such as 250 in place of 354: the dialogue is out of step.
  if (reply.code < 400) return ['reconnect-then-retry', 'upstream'];
  const scoped = firstMatch(TEXT_RULES, seen);
  if (scoped !== null) return scoped.judgement;
  // Before MAIL no status can make it a message's fault.
  if (isBeforeMail(phase)) return judgeBasicCode(reply.code, phase);
  return (
    firstMatch(TRANSACTION_RULES, seen)?.judgement ??
    judgeStatus(reply.code, reply.detail) ??
    judgeBasicCode(reply.code, phase)
  );
}

/**
 * A failure without a reply. `tls` means that the peer's certificate, or the TLS it offers, does
 * not satisfy the account's policy; a handshake that merely broke is `reset`, `timeout` or
 * `protocol`.
 * At `end-of-data` the outcome is unknown (RFC 1047): the caller makes it in doubt; the verdict is
 * only its reason.
 */
export function classifyFault(fault: NetworkFault, phase: Phase): Verdict {
  if (fault === 'tls') return hold('tls');
  if (phase === 'end-of-data') return settle(phase, 'retry', 'in-doubt');
  if (isBeforeMail(phase)) return pause('network', WAITS.network);
  if (phase === 'quit') return reconnect('network');
  return { scope: 'message', action: 'retry', reason: 'network' };
}

const OWN_REASONS: Readonly<Record<OwnReason, ReasonClass>> = {
  expired: 'expired',
  'no-route': 'no-route',
  cancelled: 'operator',
  suppressed: 'suppressed',
  'needs-8bitmime': 'capability',
  'needs-smtputf8': 'capability',
  'too-large': 'capability',
  interrupted: 'internal',
  quarantined: 'internal',
};

/** The class a cause is counted under in metrics, log and queue. */
export function reasonOf(cause: Cause, rules: readonly ReplyRule[] = []): ReasonClass {
  switch (cause.from) {
    case 'peer': {
      const { phase, reply } = cause;
      return classify({ phase, reply, recipients: 1, acceptedRecipients: 1 }, rules).reason;
    }
    case 'network':
      return classifyFault(cause.fault, cause.phase).reason;
    case 'us':
      return OWN_REASONS[cause.reason];
    default:
      return unreachable(cause);
  }
}
