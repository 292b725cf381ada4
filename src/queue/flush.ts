import { statesTouchedBy } from '../policy/queue-verbs.ts';
import type { RecipientState } from '../relay/queue.ts';
import type { Core } from './core.ts';
import { countMessages, stretch, type Where } from './filter.ts';
import type { Given } from './operations.ts';
import { move } from './operator.ts';
import type { FlushedStretch, FlushQuery } from './queries.ts';

/**
 * One stretch of a flush: what matches is due now. In-doubt mail may have arrived already; it keeps
 * its delay unless it is named or `includeHeld` says all.
 */
export function flush(core: Core, query: FlushQuery): FlushedStretch {
  const { filter, includeHeld, nowMs } = query;
  const states = statesTouchedBy('flush', { includeHeld, named: filter.id !== undefined });
  const match = stretch(core, query, states);
  const groups = countMatching(core, match);
  // Counted before: what was held matches a filter by state no more once it is due.
  const messages = countMessages(core, match);
  // Writes: recipients that match and are not due yet; moves them in recipients_due, held ones in
  // two more indexes.
  core.db
    .prepare(
      `UPDATE recipients SET due_at = ?,
         state = CASE state WHEN 'held' THEN 'waiting' ELSE state END
       WHERE ${match.sql} AND (due_at IS NULL OR due_at > ?)`,
    )
    .run(nowMs, ...match.values, nowMs);
  for (const { lane, state, count: recipients } of groups) {
    if (state === 'held') move(core, { lane, from: state, to: 'waiting', recipients });
  }
  return {
    recipients: groups.reduce((sum, group) => sum + group.count, 0),
    messages,
    next: match.next,
    lanes: [...new Set(groups.flatMap(({ lane }) => lane ?? []))],
  };
}

/** How many match per lane and state. */
function countMatching(
  core: Core,
  { sql, values }: Where,
): { lane: string | null; state: RecipientState; count: number }[] {
  // Reads: recipients that match, grouped.
  return core.db
    .prepare<unknown[], { lane: string | null; state: RecipientState; count: number }>(
      `SELECT lane, state, COUNT(*) AS count FROM recipients WHERE ${sql} GROUP BY lane, state`,
    )
    .all(...values);
}

/** The accounts of flushed mail work again; with an empty filter all of them. */
export function flushAccounts(core: Core, query: Given<'queue.flush-accounts'>): string[] {
  const { filter, includeHeld, lanes } = query;
  const everything = Object.keys(filter).length === 0;
  return core.sql.accounts.all().flatMap((row) => {
    const { account } = row;
    const concerned = everything || filter.account === account || lanes.includes(account);
    if (!concerned || (row.state === 'held' && !includeHeld)) return [];
    core.sql.openAccount.run(account);
    return [account];
  });
}
