import { AssertionError } from '../lib/assert.ts';
import { acceptMessages } from './accept.ts';
import { accountStates, setAccountState } from './accounts.ts';
import { START } from './aftermath.ts';
import { claim, claimExpired, claimMatching } from './claim.ts';
import type { Core } from './core.ts';
import { storeFault } from './faults.ts';
import { type Operation, OUTSIDE } from './operations.ts';
import { act, clampDue, flush, relane } from './operator.ts';
import { body, counts, list, show, stats } from './overview.ts';
import { recover } from './recover.ts';
import { settle } from './settle.ts';

/** The end of one operation. A failure is a StoreError when the storage is at fault, else a bug. */
export type Result =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error };

export interface Engine {
  /** Runs a batch of writes in one transaction, committed before this returns. */
  write(operations: readonly Operation[]): Result[];
  /** Runs one operation that needs no transaction on the queue. */
  outside(operation: Operation): Result;
  /** Pays what committed batches owe the history and the spool. Call when their answers are out. */
  settleDebts(): void;
}

export const isOutside = ([name]: Operation): boolean => OUTSIDE.has(name);

export function createEngine(core: Core): Engine {
  const begin = core.db.prepare('BEGIN IMMEDIATE');
  const commit = core.db.prepare('COMMIT');

  /** Forgets what memory learned in the transaction that is being given up. */
  const rollBack = (): void => {
    if (core.db.inTransaction) core.db.exec('ROLLBACK');
    core.aftermath.backTo(START);
    core.runs.clear();
  };

  const commitAll = (): void => {
    if (core.numbers.highest > core.numbers.stored) {
      core.sql.setFact.run(core.numbers.highest, 'last_message_number');
    }
    commit.run();
    core.numbers.stored = core.numbers.highest;
    core.aftermath.committed();
  };

  const runTogether = (operations: readonly Operation[]): Result[] => {
    begin.run();
    const results = operations.map((one): Result => ({ ok: true, value: run(core, one) }));
    commitAll();
    return results;
  };

  /** After a batch failed by one operation's own fault: each behind a savepoint, so that the others are kept. */
  const runApart = (operations: readonly Operation[]): Result[] => {
    begin.run();
    const results = operations.map((one): Result => {
      const mark = core.aftermath.mark();
      core.db.exec('SAVEPOINT one');
      try {
        const value = run(core, one);
        core.db.exec('RELEASE one');
        return { ok: true, value };
      } catch (error) {
        if (storeFault(error) !== null) throw error;
        core.db.exec('ROLLBACK TO one; RELEASE one');
        core.aftermath.backTo(mark);
        core.runs.clear();
        return { ok: false, error: asBug(error) };
      }
    });
    commitAll();
    return results;
  };

  const attempt = (operations: readonly Operation[], how: typeof runTogether): Result[] | Error => {
    try {
      return how(operations);
    } catch (error) {
      rollBack();
      return storeFault(error) ?? asBug(error);
    }
  };

  return {
    write(operations) {
      const startedMs = performance.now();
      let results = attempt(operations, runTogether);
      if (results instanceof AssertionError && operations.length > 1)
        results = attempt(operations, runApart);
      if (results instanceof Error) return failAll(operations, results);
      const tookMs = performance.now() - startedMs;
      core.totals.commits += 1;
      core.totals.operations += operations.length;
      core.totals.tookMs += tookMs;
      core.totals.longestMs = Math.max(core.totals.longestMs, tookMs);
      return results;
    },
    outside(operation) {
      try {
        return { ok: true, value: run(core, operation) };
      } catch (error) {
        return { ok: false, error: storeFault(error) ?? asBug(error) };
      }
    },
    settleDebts: () => settleDebts(core),
  };
}

/** What is not the storage's fault is ours: an operation that should never have been asked. */
function asBug(error: unknown): AssertionError {
  if (error instanceof AssertionError) return error;
  return new AssertionError(error instanceof Error ? error.message : String(error));
}

const failAll = (operations: readonly Operation[], error: Error): Result[] =>
  operations.map(() => ({ ok: false, error }));

function settleDebts(core: Core): void {
  const { history, later } = core.aftermath.owed();
  try {
    if (history.length > 0) core.history.together(history);
  } catch (error) {
    const fault = storeFault(error);
    if (fault === null) throw error;
    core.report({ is: 'fault', fault: 'history', detail: fault.message });
  }
  for (const step of later) step();
}

/** One operation, inside whatever transaction is open. */
function run(core: Core, [name, given]: Operation): unknown {
  switch (name) {
    case 'message.accept':
      return acceptMessages(core, given);
    case 'lease.settle':
      return settle(core, given);
    case 'lease.claim':
      return claim(core, given);
    case 'lease.claim-expired':
      return claimExpired(core, given);
    case 'lease.claim-matching':
      return claimMatching(core, given);
    case 'lease.recover':
      return recover(core, given);
    case 'queue.flush':
      return flush(core, given);
    case 'queue.act':
      return act(core, given);
    case 'queue.relane':
      return relane(core, given);
    case 'queue.clamp-due':
      return clampDue(core, given);
    case 'account.set':
      return setAccountState(core, given);
    case 'history.expire':
      return core.history.expire(given);
    case 'message.body':
      return body(core, given);
    case 'message.show':
      return show(core, given);
    case 'queue.list':
      return list(core, given);
    case 'queue.counts':
      return counts(core);
    case 'queue.next-expiry':
      return core.sql.nextExpiry.get() ?? null;
    case 'account.states':
      return accountStates(core);
    case 'history.list':
      return core.history.list(given);
    case 'store.stats':
      return stats(core);
  }
}
