import { statesTouchedBy } from '../policy/queue-verbs.ts';
import type { HistoryEvent } from '../relay/history-event.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import type { RecipientState } from '../relay/queue.ts';
import { type Core, count } from './core.ts';
import { matchingRecipients, stretch } from './filter.ts';
import { eventText } from './history.ts';
import type { Given } from './operations.ts';
import type { Acted, ActQuery } from './queries.ts';
import { finish } from './settle.ts';

/**
 * One stretch of an operator's action; the caller goes on from `next`, so that commits are not
 * kept waiting.
 */
export function act(core: Core, query: ActQuery): Acted {
  const { action, limit } = query;
  const chosen = new Map<number, number[]>();
  const states = statesTouchedBy(action.is, { includeHeld: false, named: false });
  const match = stretch(core, query, states);
  let { next } = match;
  for (const { message_id, idx } of matchingRecipients(core, match)) {
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
  const events: string[] = [];
  for (const { idx, lane, state, last_text } of core.sql.readRecipients.all(id)) {
    if (!indexes.has(idx)) continue;
    if (action.is === 'remove') {
      core.sql.removeRecipient.run(id, idx);
      count(core, lane, state, -1);
      const why = { reason: 'operator', text: 'removed by the operator', atMs: nowMs };
      results.push(JSON.stringify({ index: idx, outcome: 'removed', ...why }));
      continue;
    }
    events.push(eventText(changed(action, { atMs: nowMs, index: idx }, last_text)));
    if (action.is === 'hold') core.sql.hold.run(action.reason, id, idx);
    else core.sql.release.run(action.dueAtMs, id, idx);
    const to = action.is === 'hold' ? 'held' : 'waiting';
    move(core, { lane, from: state, to, recipients: 1 });
  }
  finish(core, id, { results, attempts: [], events, dialogues: [] });
}

function changed(
  action: Exclude<ActQuery['action'], { is: 'remove' }>,
  at: { readonly atMs: number; readonly index: number },
  lastText: string | null,
): HistoryEvent {
  return action.is === 'hold'
    ? { is: 'held', ...at, reason: 'operator', text: action.reason }
    : { is: 'released', ...at, text: lastText ?? '' };
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
    const atMs = core.clock();
    const events: string[] = [];
    for (const row of core.sql.readRecipients.all(number)) {
      if (row.state !== 'waiting' && row.state !== 'held') continue;
      count(core, row.lane, row.state, -1);
      count(core, lane, row.state, 1);
      const { idx: index, lane: from } = row;
      if (from !== lane) events.push(eventText({ is: 'rerouted', atMs, index, from, to: lane }));
    }
    core.sql.relane.run(lane, number);
    finish(core, number, { results: [], attempts: [], events, dialogues: [] });
  }
}

/** What an operator sends another way; nothing that an attempt has changed meanwhile. */
export function redirect(core: Core, { moves, nowMs }: Given<'queue.redirect'>): number {
  let moved = 0;
  for (const { id, lane, bind, recipients } of moves) {
    const number = messageIdToNumber(id) ?? -1;
    const rows = core.sql.readRecipients.all(number);
    const events: string[] = [];
    for (const { index, was, becomes } of recipients) {
      const row = rows.find(({ idx, state }) => idx === index && state === was);
      if (row === undefined) continue;
      const dueAtMs = becomes === 'held' ? null : nowMs;
      core.sql.redirect.run(lane, becomes, dueAtMs, number, index);
      count(core, row.lane, was, -1);
      count(core, lane, becomes, 1);
      moved += 1;
      if (row.lane === lane) continue;
      events.push(eventText({ is: 'rerouted', atMs: nowMs, index, from: row.lane, to: lane }));
    }
    finish(core, number, { results: [], attempts: [], events, dialogues: [] });
    if (bind && rows.length > 0) core.sql.bind.run(lane, number);
  }
  return moved;
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
