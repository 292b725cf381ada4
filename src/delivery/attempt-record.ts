import type { Account } from '../relay/account.ts';
import type { Phase } from '../relay/outcome.ts';
import type { AttemptRecord, KeptDialogue } from '../relay/queue.ts';
import { Connection } from './connection.ts';
import type { Decision } from './disposition.ts';
import type { Refusal } from './refusal.ts';

interface AttemptFacts {
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Where it ended; null at success. */
  readonly phase: Phase | null;
  readonly decisions: readonly Decision[];
}

/**
 * What the history keeps of an attempt; recipients for whom it does not count are left out. `way`
 * is what it went over, or why there was no connection.
 */
export function attemptRecord(
  account: Account,
  way: Connection | Refusal | null,
  facts: AttemptFacts,
): { readonly attempt: AttemptRecord; readonly dialogue: KeptDialogue | null } {
  const { host, port, name } = account;
  const { startedAtMs, tookMs, phase, decisions } = facts;
  const connection = way instanceof Connection ? way : null;
  const results = resultsOf(account, decisions);
  const attempt = {
    account: name,
    authenticatedAs: connection?.authenticatedAs ?? null,
    startedAtMs,
    tookMs,
    tls: connection?.tls ?? null,
    peer: connection?.peer ?? `${host}:${port}`,
    results,
  };
  const isDelivered = decisions.every(({ outcome }) => outcome === 'delivered');
  if (isDelivered && phase === null) return { attempt, dialogue: null };
  const stopped =
    results.length === 0 ? decisions.find(({ text }) => text !== '')?.text : undefined;
  const failed = {
    ...attempt,
    ...(phase === null ? {} : { phase }),
    ...(stopped === undefined ? {} : { stopped }),
  };
  const lines = isDelivered ? [] : (way?.dialogue ?? []);
  const dialogue = lines.length === 0 ? null : { account: name, startedAtMs, lines };
  return { attempt: failed, dialogue };
}

function resultsOf(
  { providerIdPattern }: Account,
  decisions: readonly Decision[],
): AttemptRecord['results'] {
  const results: AttemptRecord['results'][number][] = [];
  for (const { recipient, outcome, text } of decisions) {
    if (outcome === null) continue;
    const { index } = recipient;
    const providerId = outcome === 'delivered' ? providerIdPattern?.exec(text)?.[1] : undefined;
    const result = { index, outcome, text };
    results.push(providerId === undefined ? result : { ...result, providerId });
  }
  return results;
}
