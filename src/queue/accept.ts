import { assert } from '../lib/assert.ts';
import type { LeaseOwner } from '../relay/queue.ts';
import { type Core, count } from './core.ts';
import { eventText } from './history.ts';
import type { AcceptedRow } from './operations.ts';

/**
 * Number under which a run's leases stand in the recipient rows; undefined: it never held one. The
 * table is asked where memory has forgotten, as it does with every transaction that is taken back.
 */
export function knownRun(core: Core, run: string): number | undefined {
  const known = core.runs.get(run);
  if (known !== undefined) return known;
  for (const row of core.sql.runs.all()) core.runs.set(row.run, row.id);
  return core.runs.get(run);
}

/** The same, of a run that is about to hold its first. */
export function runNumber(core: Core, owner: LeaseOwner): number {
  const known = knownRun(core, owner.run);
  if (known !== undefined) return known;
  const number = Number(core.sql.insertRun.run(owner.boot, owner.run).lastInsertRowid);
  core.runs.set(owner.run, number);
  return number;
}

/** Puts messages with their bodies and recipients into the queue. */
export function acceptMessages(core: Core, rows: readonly AcceptedRow[]): undefined {
  for (const row of rows) acceptMessage(core, row);
}

function acceptMessage(core: Core, row: AcceptedRow): void {
  const [message, forwardPaths, body, spoolFile, lane, state, dueAtMs, reason] = row;
  const [, , , , , , , , boot, run, untilMs] = row;
  const id = message[0];
  if (state === 'discarded') {
    discard(core, row);
    return;
  }
  assert(forwardPaths.length > 0, 'a message without recipients cannot be accepted');
  assert((body === null) !== (spoolFile === null), 'a body is in memory or in the spool');
  const { sql } = core;
  sql.insertMessage.run(...message, spoolFile);
  if (body !== null) sql.insertBody.run(id, body);
  const leaseRun = boot !== null && run !== null ? runNumber(core, { boot, run }) : null;
  const expiresAtMs = message[14];
  for (let index = 0; index < forwardPaths.length; index++) {
    const path = forwardPaths[index];
    const rest = [lane, dueAtMs, expiresAtMs, reason, leaseRun, untilMs] as const;
    sql.insertRecipient.run(id, index, path, state, ...rest);
  }
  core.numbers.highest = Math.max(core.numbers.highest, id);
  count(core, lane, state, forwardPaths.length);
  if (state === 'held') rememberHold(core, message, reason);
}

/** The history learns why mail waits from its first moment, as it does of every later hold. */
function rememberHold(core: Core, message: AcceptedRow[0], reason: string | null): void {
  const why = { reason: 'operator', text: reason ?? '' } as const;
  const events = [eventText({ is: 'held', atMs: core.clock(), index: null, ...why })];
  const part = { message, settledAtMs: null, results: [], attempts: [], events, dialogues: [] };
  core.aftermath.add('history', () => core.history.append(part));
}

/** It never was in the queue: the history learns that it came, and what became of it. */
function discard(core: Core, row: AcceptedRow): void {
  const [message, forwardPaths, , , , , , text] = row;
  const atMs = core.clock();
  const result = { outcome: 'discarded', reason: 'operator', text, atMs };
  const results = forwardPaths.map((_, index) => JSON.stringify({ index, ...result }));
  core.numbers.highest = Math.max(core.numbers.highest, message[0]);
  const part = { message, settledAtMs: atMs, results, attempts: [], events: [], dialogues: [] };
  core.aftermath.add('history', () => core.history.append(part));
}
