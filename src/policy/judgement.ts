import type { Phase, ReasonClass, Verdict } from '../relay/outcome.ts';
import type { Judgement } from '../relay/reply-rule.ts';
import { refusedIdentities } from './identities.ts';
import { namedEnd } from './pause-end.ts';
import type { Named, Seen } from './seen.ts';
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

/** Attempts after the first that a sender has to be refused at before it is held. */
const senderRetries = 2;

/** Whom a refusal concerns when nothing but its phase is known. */
function reasonAt(phase: Phase): ReasonClass {
  if (isBeforeMail(phase)) return phase === 'auth' ? 'credentials' : 'upstream';
  if (phase === 'mail') return 'sender';
  return phase === 'rcpt' ? 'recipient' : 'content';
}

/** `named` is what the rule's text found in the reply. */
export function verdictFor(judgement: Judgement, seen: Seen, named: Named = {}): Verdict {
  const { waitsMs, mayFailOver } = judgement[3] ?? {};
  const verdict = usualVerdict(judgement, seen, named);
  if (verdict.scope !== 'account') return verdict;
  const own = mayFailOver === undefined ? verdict : { ...verdict, mayFailOver };
  return own.action === 'pause' && waitsMs !== undefined ? { ...own, waitsMs } : own;
}

function usualVerdict([action, asked, hint]: Judgement, seen: Seen, named: Named): Verdict {
  const { phase } = seen;
  const reason = asked ?? reasonAt(phase);
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
      return { ...pause('throttled', WAITS.throttle, hint), slower: 'rate' };
    case 'fewer-connections':
      return { ...pause('throttled', WAITS.throttle, hint), slower: 'connections' };
    case 'pause':
      return pause(reason, WAITS.upstream, hint);
    case 'pause-policy':
      return pause(reason, WAITS.policy, hint);
    case 'pause-flood':
      return pause(reason, WAITS.flood, hint);
    case 'pause-quota':
      return pause('quota', WAITS.quota, hint);
    case 'pause-until':
      return { ...pause(asked ?? 'quota', WAITS.quota, hint), ...namedEnd(named) };
    case 'pause-until-hour':
      return { ...pause(asked ?? 'quota', WAITS.quota, hint), until: { is: 'next-hour' } };
    case 'hold-account':
      return hold(reason, hint);
    case 'hold-sender':
      return holdSender(hint);
    case 'retry-then-hold-sender':
      return (seen.attempts ?? 0) < senderRetries
        ? settle(phase, 'retry', 'sender')
        : holdSender(hint);
    case 'refused-identities':
      return refusedIdentities(seen, named.identities ?? '', hint);
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
