import { classify, classifyFault, reasonOf } from '../policy/classify.ts';
import type { Account } from '../relay/account.ts';
import type { Cause, Verdict } from '../relay/outcome.ts';
import { handshakeAdvice } from './tls-advice.ts';

/** Why there is no connection, and what it means for the account. */
export interface Refusal {
  readonly cause: Cause;
  readonly verdict: Verdict;
  /** The account has been stopped for it: somebody may have resumed it since. */
  readonly applied?: boolean;
  /** What was said, without secrets; absent: nothing. */
  readonly dialogue?: readonly string[];
}

/** The upstream has answered a login with no, and would do so again. */
export function isRefusedLogin({ cause, verdict }: Refusal): boolean {
  const about = verdict.scope === 'account' && verdict.action === 'hold';
  return (
    about && verdict.reason === 'credentials' && cause.from === 'peer' && cause.phase === 'auth'
  );
}

/** What a cause met while a connection was opened means; `hint` goes before the general one. */
export function refusalOf(account: Account, cause: Cause, hint: string | null = null): Refusal {
  const verdict = verdictOn(account, cause);
  const advice = hint ?? handshakeAdvice(account, cause);
  if (advice === null || verdict.scope !== 'account') return { cause, verdict };
  return { cause, verdict: { ...verdict, hint: advice } };
}

function verdictOn({ replyRules }: Account, cause: Cause): Verdict {
  switch (cause.from) {
    case 'peer': {
      const { phase, reply } = cause;
      return classify({ phase, reply, recipients: 0, acceptedRecipients: 0 }, replyRules);
    }
    case 'network':
      return classifyFault(cause.fault, cause.phase);
    case 'us':
      return { scope: 'message', action: 'retry', reason: reasonOf(cause) };
  }
}
