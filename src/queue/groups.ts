import { REASON_CLASSES } from '../relay/outcome.ts';
import { RECIPIENT_STATES } from '../relay/queue.ts';
import type { Core } from './core.ts';
import { stretch } from './filter.ts';
import type { AgeBounds, Grouped, GroupsQuery } from './reading.ts';

type Count = Grouped['counts'][number];

const RESTING = RECIPIENT_STATES.filter((state) => state !== 'leased');

/** Recipients by group and age: a stretch of them row by row, or one age of all by index. */
export function groups(core: Core, query: GroupsQuery): Grouped {
  return query.is === 'age' ? ofAge(core, query) : ofStretch(core, query);
}

function ofStretch(core: Core, query: Extract<GroupsQuery, { is: 'stretch' }>): Grouped {
  const { by, bounds } = query;
  const { sql, values, next } = stretch(core, query, RECIPIENT_STATES);
  // What follows the last @: a quoted local part may hold others.
  const local = "RTRIM(forward_path, REPLACE(forward_path, '@', ''))";
  const domain = `LOWER(SUBSTR(forward_path, LENGTH(${local}) + 1))`;
  const older = bounds.map((bound, age) => `WHEN message_id >= ${bound} THEN ${age}`).join(' ');
  // Reads: recipients of a stretch, by their key.
  const counts = core.db
    .prepare<unknown[], Count>(
      `SELECT ${by.includes('account') ? 'lane' : 'NULL'} AS account,
         ${by.includes('reason') ? 'last_reason' : 'NULL'} AS reason,
         ${by.includes('recipient-domain') ? domain : 'NULL'} AS domain,
         CASE ${older} ELSE ${bounds.length} END AS age, COUNT(*) AS recipients
       FROM recipients WHERE ${sql} GROUP BY 1, 2, 3, 4`,
    )
    .all(...values);
  return { counts, next };
}

/** A million recipients are counted along the entries of an index, in some 20 ms an age. */
function ofAge(core: Core, query: Extract<GroupsQuery, { is: 'age' }>): Grouped {
  const lanes = new Set(core.tally.entries().map(({ lane }) => lane));
  const wanted = [...lanes].filter((lane) => query.account === null || query.account === lane);
  const range = idsOf(query.age, query.bounds);
  const counts = wanted.flatMap((lane) => {
    const waits = RESTING.reduce(
      (sum, state) => sum + (core.sql.restingBetween.get(lane, state, ...range) ?? 0),
      0,
    );
    const leased = core.sql.leasedBetween.all(lane, ...range);
    const reasons = query.reasons ? reasonsOf(core, lane, range) : [];
    const known = reasons.reduce((sum, [, recipients]) => sum + recipients, 0);
    const all = [[null, waits - known] as const, ...reasons, ...leased];
    return all
      .filter(([, recipients]) => recipients > 0)
      .map(([reason, recipients]) => {
        const named = query.reasons ? reason : null;
        return { account: lane, reason: named, domain: null, age: query.age, recipients };
      });
  });
  return { counts, next: null };
}

function reasonsOf(core: Core, lane: string | null, range: Range): (readonly [string, number])[] {
  return REASON_CLASSES.map((reason) => [
    reason,
    core.sql.reasonBetween.get(lane, reason, ...range) ?? 0,
  ]);
}

type Range = readonly [from: number, before: number];

/** Numbers of the messages of one age. */
function idsOf(age: number, bounds: AgeBounds): Range {
  return [bounds[age] ?? 0, age === 0 ? Number.MAX_SAFE_INTEGER : (bounds[age - 1] ?? 0)];
}
