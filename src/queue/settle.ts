import { assert } from '../lib/assert.ts';
import { acceptMessages } from './accept.ts';
import { type Core, count } from './core.ts';
import type { SettledRecipientRow, SettledRow } from './operations.ts';
import { removeSpoolFile } from './spool-removal.ts';

/**
 * Ends a lease: recipients leave for the history or rest again; the last one takes the message
 * along.
 */
export function settle(core: Core, row: SettledRow): undefined {
  const [id, run, recipients, attempt, notifications] = row;
  const leaseRun = core.runs.get(run) ?? findRun(core, run);
  assert(leaseRun !== undefined, `run ${run} holds no lease`);
  const results: string[] = [];
  for (const one of recipients) {
    if (one[1] === 'settled') results.push(leave(core, id, leaseRun, one));
    else rest(core, { id, leaseRun, row: one });
  }
  if (notifications.length > 0) acceptMessages(core, notifications);
  finish(core, id, { results, attempts: attempt === null ? [] : [attempt] });
}

function findRun(core: Core, run: string): number | undefined {
  for (const known of core.sql.runs.all()) core.runs.set(known.run, known.id);
  return core.runs.get(run);
}

function leave(core: Core, id: number, leaseRun: number, row: SettledRecipientRow): string {
  const [index, , outcome, , , , , reason, text] = row;
  const lane = core.sql.settleRecipient.get(id, index, leaseRun);
  assert(lane !== undefined, `the lease of message ${id} recipient ${index} is not ours`);
  count(core, lane, 'leased', -1);
  return JSON.stringify({ index, outcome, reason, text, atMs: core.clock() });
}

function rest(
  core: Core,
  { id, leaseRun, row }: { id: number; leaseRun: number; row: SettledRecipientRow },
): void {
  const [index, state, , toLane, dueAtMs, counted, delayWarned, reason, text] = row;
  if (state === 'settled') return;
  const lane = core.sql.leasedLane.get(id, index, leaseRun);
  assert(lane !== undefined, `the lease of message ${id} recipient ${index} is not ours`);
  const next = toLane ?? lane;
  core.sql.restRecipient.run(state, next, dueAtMs, counted, delayWarned, reason, text, id, index);
  count(core, lane, 'leased', -1);
  count(core, next, state, 1);
}

/** Deletes the message if nobody is left, and owes the history what was learned. */
export function finish(
  core: Core,
  id: number,
  learned: { results: readonly string[]; attempts: readonly string[] },
): void {
  const deleted = core.sql.deleteMessage.get(id, id);
  const settledAtMs = deleted === undefined ? null : core.clock();
  if (deleted !== undefined) {
    const spoolFile = deleted.pop();
    if (typeof spoolFile === 'string') removeSpoolFile(core, spoolFile);
  }
  if (deleted === undefined && learned.results.length + learned.attempts.length === 0) return;
  const message = deleted ?? core.sql.readMessage.get(id);
  if (message === undefined) return;
  core.aftermath.add('history', () => core.history.append({ message, settledAtMs, ...learned }));
}
