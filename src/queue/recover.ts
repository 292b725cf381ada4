import { messageIdFromNumber } from '../relay/message-id.ts';
import type { Recovered } from '../relay/queue.ts';
import { type Core, count } from './core.ts';
import { readOrQuarantine } from './quarantine.ts';
import type { RecoverQuery } from './queries.ts';
import type { RecipientRow } from './statements.ts';

type Ending = readonly [state: 'waiting' | 'in-doubt' | 'held', dueAtMs: number | null];

const INTERRUPTED = 'the relay stopped while the attempt ran';

/**
 * Ends the leases of earlier runs. While the machine has not been down since, the dot ledger knows
 * which attempts had sent their final dot, and the others are due at once; after another boot
 * nobody knows.
 */
export function recover(core: Core, query: RecoverQuery): Recovered {
  const boots = new Map(core.sql.runs.all().map((run) => [run.id, run]));
  const found = { requeued: 0, inDoubt: 0 };
  const touched = new Map<number, RecipientRow[]>();
  for (const row of core.sql.leased.all()) {
    const by = boots.get(row.lease_run ?? -1);
    if (by?.run === query.owner.run) continue;
    const dotted = query.dotted.has(messageIdFromNumber(row.message_id));
    const inDoubt = by?.boot !== query.owner.boot || dotted;
    end(core, row, inDoubt ? doubtful(query) : [restingState(row), query.nowMs]);
    found[inDoubt ? 'inDoubt' : 'requeued'] += 1;
    touched.set(row.message_id, [...(touched.get(row.message_id) ?? []), row]);
  }
  let quarantined = 0;
  for (const [id, rows] of touched) {
    if (readOrQuarantine(core, id, rows) === null) quarantined += rows.length;
  }
  core.sql.deleteOtherRuns.run(query.owner.run);
  core.runs.clear();
  return { ...found, quarantined };
}

/**
 * Mail that was in doubt before this lease still is, although this attempt did not reach the dot.
 */
const restingState = (row: RecipientRow) =>
  row.last_reason === 'in-doubt' ? 'in-doubt' : 'waiting';

function doubtful({ inDoubtHold, inDoubtDueAtMs }: RecoverQuery): Ending {
  return inDoubtHold ? ['held', null] : ['in-doubt', inDoubtDueAtMs];
}

function end(core: Core, row: RecipientRow, [state, dueAtMs]: Ending): void {
  const doubt = state !== 'waiting' && row.last_reason !== 'in-doubt';
  const reason = doubt ? 'in-doubt' : row.last_reason;
  const text = doubt ? INTERRUPTED : row.last_text;
  core.sql.endLease.run(state, dueAtMs, reason, text, row.message_id, row.idx);
  count(core, row.lane, 'leased', -1);
  count(core, row.lane, state, 1);
}
