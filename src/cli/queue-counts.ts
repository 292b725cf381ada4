import type { AccountState } from '../relay/account.ts';
import type { LaneCount } from '../relay/queue.ts';
import { shownState, worksFrom } from './queue-list.ts';
import { count } from './text.ts';
import { age, until } from './words.ts';

/**
 * Counts of one or more lanes in words: `12 recipients (10 waiting, 2 held), oldest 2h14m, next try
 * in 4m`. With the state of their account: one that is stopped decides when its mail goes.
 */
export function queueText(
  counts: readonly LaneCount[],
  nowMs: number,
  state?: AccountState,
): string {
  const total = recipientsIn(counts);
  if (total === 0) return 'empty';
  const states = [...Map.groupBy(counts, ({ state }) => state)].map(
    ([state, members]) => `${recipientsIn(members)} ${shownState(state)}`,
  );
  const parts = [`${count(total, 'recipient')} (${states.join(', ')})`];
  parts.push(`oldest ${age(oldest(counts), nowMs)}`);
  const due = counts.flatMap(({ nextDueAtMs }) => nextDueAtMs ?? []);
  const fromMs = worksFrom(state, Math.min(...due));
  if (Number.isFinite(fromMs)) parts.push(`next try ${until(fromMs, nowMs)}`);
  return parts.join(', ');
}

export function recipientsIn(counts: readonly LaneCount[]): number {
  return counts.reduce((sum, { recipients }) => sum + recipients, 0);
}

/** When the oldest mail was accepted; infinite for none. */
export function oldest(counts: readonly LaneCount[]): number {
  const filled = counts.filter(({ recipients }) => recipients > 0);
  return Math.min(...filled.map(({ oldestAcceptedAtMs }) => oldestAcceptedAtMs));
}
