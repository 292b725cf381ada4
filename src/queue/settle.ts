import { assert } from '../lib/assert.ts';
import { messageIdFromNumber } from '../relay/message-id.ts';
import type { ReasonClass } from '../relay/outcome.ts';
import { acceptMessages, knownRun } from './accept.ts';
import { type Core, count } from './core.ts';
import { eventText, type HistoryPart } from './history.ts';
import type { SettledRecipientRow, SettledRow } from './operations.ts';
import { removeSpoolFile } from './spool-removal.ts';

/**
 * Ends a lease: recipients leave for the history or rest again; the last one takes the message
 * along.
 */
export function settle(core: Core, row: SettledRow): undefined {
  const [id, run, recipients, attempt, notifications, dialogue] = row;
  const leaseRun = knownRun(core, run);
  assert(leaseRun !== undefined, `run ${run} holds no lease`);
  const results: string[] = [];
  const events: string[] = [];
  const tried = attempt !== null;
  for (const one of recipients) {
    if (one[1] === 'settled') results.push(leave(core, id, { leaseRun, row: one, tried }));
    else events.push(...rest(core, { id, leaseRun, row: one }));
  }
  if (notifications.length > 0) {
    acceptMessages(core, notifications);
    events.push(...notifications.map(([[own]]) => notified(core, own)));
  }
  const attempts = tried ? [attempt] : [];
  const dialogues = dialogue === null ? [] : [dialogue];
  finish(core, id, { results, attempts, events, dialogues });
}

function notified(core: Core, id: number): string {
  return eventText({ is: 'notified', atMs: core.clock(), id: messageIdFromNumber(id) });
}

interface Ended {
  readonly leaseRun: number;
  readonly row: SettledRecipientRow;
}

function leave(
  core: Core,
  id: number,
  { leaseRun, row, tried }: Ended & { readonly tried: boolean },
): string {
  const [index, , outcome, , , , , reason, text] = row;
  const lane = core.sql.leasedLane.get(id, index, leaseRun);
  assert(lane !== undefined, `the lease of message ${id} recipient ${index} is not ours`);
  core.sql.removeRecipient.run(id, index);
  count(core, lane, 'leased', -1);
  // An attempt names its account itself.
  const from = tried || lane === null ? {} : { account: lane };
  return JSON.stringify({ index, outcome, reason, text, atMs: core.clock(), ...from });
}

/** Returns what the history should know of it besides the attempt. */
function rest(core: Core, { id, leaseRun, row }: Ended & { readonly id: number }): string[] {
  const [index, state, , toLane, dueAtMs, counted, delayWarned, reason, text] = row;
  if (state === 'settled') return [];
  const lane = core.sql.leasedLane.get(id, index, leaseRun);
  assert(lane !== undefined, `the lease of message ${id} recipient ${index} is not ours`);
  const next = toLane ?? lane;
  core.sql.restRecipient.run(state, next, dueAtMs, counted, delayWarned, reason, text, id, index);
  count(core, lane, 'leased', -1);
  count(core, next, state, 1);
  const atMs = core.clock();
  return [
    ...(next === lane ? [] : [eventText({ is: 'rerouted', atMs, index, from: lane, to: next })]),
    ...(state === 'held'
      ? [eventText({ is: 'held', atMs, index, reason: reason as ReasonClass, text })]
      : []),
  ];
}

/** Deletes the message if nobody is left, and owes the history what was learned. */
export function finish(core: Core, id: number, learned: Learned): void {
  const completed = core.sql.readCompleted.get(id, id);
  const settledAtMs = completed === undefined ? null : core.clock();
  if (completed !== undefined) {
    core.sql.deleteMessage.run(id);
    const spoolFile = completed.pop();
    if (typeof spoolFile === 'string') removeSpoolFile(core, spoolFile);
  }
  if (completed === undefined && nothing(learned)) return;
  const message = completed ?? core.sql.readMessage.get(id);
  if (message === undefined) return;
  core.aftermath.add('history', () => core.history.append({ message, settledAtMs, ...learned }));
}

type Learned = Omit<HistoryPart, 'message' | 'settledAtMs'>;

const nothing = (learned: Learned): boolean =>
  learned.results.length + learned.attempts.length + learned.events.length === 0;
