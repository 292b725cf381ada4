import type { Account } from '../relay/account.ts';
import type { Message } from '../relay/message.ts';
import type { AttemptTrace } from '../relay/trace-context.ts';
import type { Decision } from './disposition.ts';

/** The worst first: one of them speaks for the transaction. */
const WORST = ['bounced', 'held', 'in-doubt', 'deferred', 'delivered'] as const;

/** What tracing wants to know of a transaction; null when the message has no trace. */
export function tracedAttempt(
  { host, port }: Account,
  { trace, acceptedAtMs }: Message,
  { startedAtMs, decisions }: { startedAtMs: number; decisions: readonly Decision[] },
): AttemptTrace | null {
  if (trace === undefined) return null;
  const outcome = WORST.find((kind) => decisions.some(({ told }) => told === kind)) ?? 'deferred';
  const decision = decisions.find(({ told }) => told === outcome) ?? decisions[0];
  const counted = Math.min(...decisions.map(({ recipient }) => recipient.attempts));
  return {
    ...trace,
    startedAtMs,
    waitedMs: Math.max(0, startedAtMs - acceptedAtMs),
    attempt: counted + 1,
    recipients: decisions.length,
    host,
    port,
    outcome,
    reason: decision?.reason ?? 'internal',
    text: decision?.text ?? '',
  };
}
