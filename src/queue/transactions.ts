import { AssertionError } from '../lib/assert.ts';
import { START } from './aftermath.ts';
import type { Core } from './core.ts';
import { storeFault } from './faults.ts';

/** The end of one operation. A failure is a StoreError when the storage is at fault, else a bug. */
export type Result =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error };

type Step = () => unknown;

export interface Transactions {
  /**
   * All steps in one transaction. Throws, with nothing changed, when one of them or the commit
   * fails.
   */
  together(steps: readonly Step[]): Result[];
  /** The same with each step behind a savepoint: a step's own fault takes back that step only. */
  apart(steps: readonly Step[]): Result[];
}

export function createTransactions(core: Core): Transactions {
  const begin = core.db.prepare('BEGIN IMMEDIATE');
  const commit = core.db.prepare('COMMIT');

  const inTransaction = (work: () => Result[]): Result[] => {
    try {
      begin.run();
      const results = work();
      if (core.numbers.highest > core.numbers.stored) {
        core.sql.setFact.run(core.numbers.highest, 'last_message_number');
      }
      commit.run();
      core.numbers.stored = core.numbers.highest;
      core.aftermath.committed();
      return results;
    } catch (error) {
      // SQLite has rolled back by itself after some faults. Memory forgets what it learned in it.
      if (core.db.inTransaction) core.db.exec('ROLLBACK');
      core.aftermath.backTo(START);
      core.runs.clear();
      throw storeFault(error) ?? asBug(error);
    }
  };

  const behindSavepoint = (step: Step): Result => {
    const mark = core.aftermath.mark();
    core.db.exec('SAVEPOINT one');
    try {
      const value = step();
      core.db.exec('RELEASE one');
      return { ok: true, value };
    } catch (error) {
      if (storeFault(error) !== null) throw error;
      core.db.exec('ROLLBACK TO one; RELEASE one');
      core.aftermath.backTo(mark);
      core.runs.clear();
      return { ok: false, error: asBug(error) };
    }
  };

  return {
    together: (steps) => inTransaction(() => steps.map((step) => ({ ok: true, value: step() }))),
    apart: (steps) => inTransaction(() => steps.map(behindSavepoint)),
  };
}

/** What is not the storage's fault is ours: an operation that should never have been asked. */
export function asBug(error: unknown): AssertionError {
  if (error instanceof AssertionError) return error;
  return new AssertionError(error instanceof Error ? error.message : String(error));
}
