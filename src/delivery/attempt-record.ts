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
): { readonly attempt: AttemptRecord; readonly dialogue?: KeptDialogue } {
  const { host, port, name } = account;
  const { startedAtMs, tookMs, phase, decisions } = facts;
  const connection = way instanceof Connection ? way : null;
  const results = resultsOf(account, decisions);
  const stopped =
    results.length === 0 ? decisions.find(({ text }) => text !== '')?.text : undefined;
  const attempt = {
    account: name,
    authenticatedAs: connection?.authenticatedAs ?? null,
    startedAtMs,
    tookMs,
    tls: connection?.tls ?? null,
    peer: connection?.peer ?? `${host}:${port}`,
    results,
    ...(phase === null ? {} : { phase }),
    ...(stopped === undefined ? {} : { stopped }),
  };
  if (decisions.every(({ outcome }) => outcome === 'delivered')) return { attempt };
  const lines = way?.dialogue ?? [];
  if (lines.length === 0) return { attempt };
  return { attempt, dialogue: { account: name, startedAtMs, lines } };
}

function resultsOf(
  { providerIdPattern }: Account,
  decisions: readonly Decision[],
): AttemptRecord['results'] {
  return decisions.flatMap(({ recipient: { index }, outcome, text }) => {
    if (outcome === null) return [];
    const id = outcome === 'delivered' ? providerIdPattern?.exec(text)?.[1] : undefined;
    return [{ index, outcome, text, ...(id === undefined ? {} : { providerId: id }) }];
  });
}
