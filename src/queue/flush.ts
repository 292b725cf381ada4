import { statesTouchedBy } from '../policy/queue-verbs.ts';
import type { LaneSurvey, RecipientState } from '../relay/queue.ts';
import type { Core } from './core.ts';
import { type Where, where } from './filter.ts';
import { stretch } from './numbers.ts';
import type { Given } from './operations.ts';
import { move } from './operator.ts';
import type { FlushedStretch, FlushQuery } from './queries.ts';
import type { Surveyed, SurveyQuery } from './reading.ts';

/**
 * One stretch of a flush: what matches is due now. In-doubt mail may have arrived already; it keeps
 * its delay unless it is named or `includeHeld` says all.
 */
export function flush(core: Core, query: FlushQuery): FlushedStretch {
  const { nowMs } = query;
  const { match, next } = matched(core, query);
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
    next,
    lanes: [...new Set(groups.flatMap(({ lane }) => lane ?? []))],
  };
}

/** One stretch of what `flush` would do, counted. */
export function survey(core: Core, query: SurveyQuery): Surveyed {
  const { match, next } = matched(core, query);
  const expiring = query.expiriesMs.map(() => 'SUM(expires_at <= ?)').join(', ');
  // Reads: recipients that match, grouped by lane; by their key, or by recipients_resting.
  const rows = core.db
    .prepare<unknown[], (string | number | null)[]>(
      `SELECT lane, COUNT(*), COUNT(DISTINCT message_id)${expiring === '' ? '' : `, ${expiring}`}
       FROM recipients WHERE ${match.sql} GROUP BY lane`,
    )
    .raw()
    .all(...query.expiriesMs, ...match.values);
  const lanes = rows.map(([lane, recipients, messages, ...counts]): LaneSurvey => {
    return {
      lane: lane === null ? null : String(lane),
      recipients: Number(recipients),
      messages: Number(messages),
      expiring: counts.map(Number),
    };
  });
  return { lanes, next };
}

function matched(
  core: Core,
  query: Pick<FlushQuery, 'filter' | 'includeHeld' | 'after' | 'scan'>,
): { match: Where; next: number | null } {
  const { filter, includeHeld } = query;
  const { from, to, next } = stretch(core, query);
  const states = statesTouchedBy('flush', { includeHeld, named: filter.id !== undefined });
  const { sql, values } = where(filter, states);
  const bounded = `${sql} AND message_id > ? AND message_id <= ?`;
  return { match: { sql: bounded, values: [...values, from, to] }, next };
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

function countMessages(core: Core, { sql, values }: Where): number {
  // Reads: recipients that match.
  const statement = core.db.prepare<unknown[], number>(
    `SELECT COUNT(DISTINCT message_id) FROM recipients WHERE ${sql}`,
  );
  return statement.pluck().get(...values) ?? 0;
}

/** The accounts of flushed mail work again; with an empty filter all of them. */
export function flushAccounts(core: Core, query: Given<'queue.flush-accounts'>): string[] {
  const { filter, includeHeld, lanes } = query;
  const everything = Object.keys(filter).length === 0;
  return core.sql.accounts.all().flatMap((row) => {
    const account = String(row.account);
    const concerned = everything || filter.account === account || lanes.includes(account);
    if (!concerned || (row.state === 'held' && !includeHeld)) return [];
    core.sql.openAccount.run(account);
    return [account];
  });
}
