import type { HistoryEntry } from '../relay/queue.ts';

/** When accounts last delivered, as far as these messages tell. Milliseconds since 1970. */
export function lastDeliveries(
  entries: readonly Pick<HistoryEntry, 'attempts'>[],
): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const { account, startedAtMs, tookMs, results } of entries.flatMap((one) => one.attempts)) {
    if (!results.some(({ outcome }) => outcome === 'delivered')) continue;
    latest.set(account, Math.max(latest.get(account) ?? 0, startedAtMs + tookMs));
  }
  return latest;
}
