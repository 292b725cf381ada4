import type { Account } from '../relay/account.ts';
import type { AttemptRecord } from '../relay/queue.ts';
import type { Connection } from './connection.ts';
import type { Decision } from './disposition.ts';

/** What the history keeps of an attempt; recipients for whom it does not count are left out. */
export function attemptRecord(
  { host, port, name, providerIdPattern }: Account,
  connection: Connection | null,
  facts: { startedAtMs: number; tookMs: number; decisions: readonly Decision[] },
): AttemptRecord {
  return {
    account: name,
    authenticatedAs: connection?.authenticatedAs ?? null,
    startedAtMs: facts.startedAtMs,
    tookMs: facts.tookMs,
    tls: connection?.tls ?? null,
    peer: connection?.peer ?? `${host}:${port}`,
    results: facts.decisions.flatMap(({ recipient: { index }, outcome, text }) => {
      if (outcome === null) return [];
      const id = outcome === 'delivered' ? providerIdPattern?.exec(text)?.[1] : undefined;
      return [{ index, outcome, text, ...(id === undefined ? {} : { providerId: id }) }];
    }),
  };
}
