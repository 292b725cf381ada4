import { messageIdToNumber } from '../relay/message-id.ts';
import type { RecipientState } from '../relay/queue.ts';
import { type Core, count } from './core.ts';
import { matchingRecipients, stretchEnd } from './filter.ts';
import type { Given } from './operations.ts';
import type { Acted, ActQuery } from './queries.ts';
import { finish } from './settle.ts';

const ACTS_ON: Record<ActQuery['action']['is'], readonly RecipientState[]> = {
  hold: ['waiting', 'in-doubt'],
  release: ['held', 'quarantined'],
  remove: ['waiting', 'in-doubt', 'held', 'quarantined'],
};

/**
 * One stretch of an operator's action; the caller goes on from `next`, so that commits are not
 * kept waiting.
 */
export function act(core: Core, query: ActQuery): Acted {
  const { filter, action, after, limit, scan } = query;
  const chosen = new Map<number, number[]>();
  const to = stretchEnd(core, filter, { after, scan });
  let next = to;
  const range = { states: ACTS_ON[action.is], from: after, to };
  for (const { message_id, idx } of matchingRecipients(core, filter, range)) {
    if (!chosen.has(message_id) && chosen.size === limit) {
      next = [...chosen.keys()].at(-1) ?? null;
      break;
    }
    chosen.set(message_id, [...(chosen.get(message_id) ?? []), idx]);
  }
  let recipients = 0;
  for (const [id, indexes] of chosen) {
    actOnMessage(core, query, { id, indexes: new Set(indexes) });
    recipients += indexes.length;
  }
  return { recipients, messages: chosen.size, next };
}

function actOnMessage(
  core: Core,
  { action, nowMs }: ActQuery,
  { id, indexes }: { id: number; indexes: ReadonlySet<number> },
): void {
  const results: string[] = [];
  for (const { idx, lane, state } of core.sql.readRecipients.all(id)) {
    if (!indexes.has(idx)) continue;
    if (action.is === 'remove') {
      core.sql.removeRecipient.run(id, idx);
      count(core, lane, state, -1);
      const why = { reason: 'operator', text: 'removed by the operator', atMs: nowMs };
      results.push(JSON.stringify({ index: idx, outcome: 'removed', ...why }));
      continue;
    }
    if (action.is === 'hold') core.sql.hold.run(action.reason, id, idx);
    else core.sql.release.run(action.dueAtMs, id, idx);
    const to = action.is === 'hold' ? 'held' : 'waiting';
    move(core, { lane, from: state, to, recipients: 1 });
  }
  if (results.length > 0) finish(core, id, { results, attempts: [] });
}

/** Counts recipients of one state as of another. */
export function move(
  core: Core,
  change: { lane: string | null; from: RecipientState; to: RecipientState; recipients: number },
): void {
  count(core, change.lane, change.from, -change.recipients);
  count(core, change.lane, change.to, change.recipients);
}

/** Waiting and held mail goes to the lane that the routes in force give it. */
export function relane(core: Core, moves: Given<'queue.relane'>): undefined {
  for (const { id, lane } of moves) {
    const number = messageIdToNumber(id) ?? -1;
    for (const row of core.sql.readRecipients.all(number)) {
      if (row.state !== 'waiting' && row.state !== 'held') continue;
      count(core, row.lane, row.state, -1);
      count(core, lane, row.state, 1);
    }
    core.sql.relane.run(lane, number);
  }
}

/**
 * After the clock went back: what is due further ahead than any schedule allows is due at
 * `latestMs`.
 */
export function clampDue(core: Core, latestMs: number): number {
  let changed = 0;
  for (const { lane, state } of core.tally.entries()) {
    if (state !== 'waiting' && state !== 'in-doubt') continue;
    changed += core.sql.clampDue.run(latestMs, lane, state, latestMs).changes;
  }
  return changed;
}
