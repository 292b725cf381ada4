import { acceptMessages } from './accept.ts';
import { accountStates, setAccountState } from './accounts.ts';
import { certificates, rememberCertificates } from './certificates.ts';
import { claim, claimExpired, claimMatching } from './claim.ts';
import type { Core } from './core.ts';
import { credentials, rememberCredentials } from './credentials.ts';
import { storeFault } from './faults.ts';
import {
  expireFeedback,
  noteFeedback,
  suppress,
  suppressions,
  unsuppress,
} from './feedback-operations.ts';
import { flush, flushAccounts } from './flush.ts';
import { groups } from './groups.ts';
import { type HistoryOperation, runOnHistory } from './history-operations.ts';
import { countStretch, order } from './numbers.ts';
import { type Operation, OUTSIDE_NAMES } from './operations.ts';
import { act, clampDue, redirect, relane } from './operator.ts';
import { body, counts, list, show, stats } from './overview.ts';
import { quotas, saveQuota } from './quotas.ts';
import { recover } from './recover.ts';
import {
  heldSenders,
  holdSender,
  liftSenders,
  refusals,
  releaseSenders,
  saveRefusals,
} from './safety.ts';
import { settle } from './settle.ts';
import { addHoldRule, removeHoldRule, savePause, steering } from './steering.ts';
import { asBug, createTransactions, type Result, type Transactions } from './transactions.ts';

export interface Engine {
  /** Runs a batch of writes in one transaction, committed before this returns. */
  write(operations: readonly Operation[]): Result[];
  /** Runs one operation that needs no transaction on the queue. */
  outside(operation: Operation): Result;
  /** Pays what committed batches owe the history and the spool. Call when their answers are out. */
  settleDebts(): void;
  /** Rows that the index of the history does not know yet. */
  unindexed(): number;
}

type Outside = Extract<Operation, readonly [(typeof OUTSIDE_NAMES)[number], unknown]>;
const outside: ReadonlySet<string> = new Set(OUTSIDE_NAMES);

export const isOutside = (operation: Operation): operation is Outside => outside.has(operation[0]);

export function createEngine(core: Core): Engine {
  const transactions = createTransactions(core);
  return {
    write(operations) {
      const startedMs = performance.now();
      const steps = operations.map((operation) => () => run(core, operation));
      try {
        const results = runBatch(transactions, steps);
        addCommit(core, steps.length, performance.now() - startedMs);
        return results;
      } catch (error) {
        const fault = storeFault(error) ?? asBug(error);
        return steps.map(() => ({ ok: false, error: fault }));
      }
    },
    outside(operation) {
      try {
        return { ok: true, value: run(core, operation) };
      } catch (error) {
        return { ok: false, error: storeFault(error) ?? asBug(error) };
      }
    },
    settleDebts: () => settleDebts(core),
    unindexed: () => core.history.index.unindexed(),
  };
}

/**
 * A batch that one operation's own fault has stopped runs once more, so that the others are kept.
 */
function runBatch(transactions: Transactions, steps: readonly (() => unknown)[]): Result[] {
  try {
    return transactions.together(steps);
  } catch (error) {
    if (storeFault(error) !== null || steps.length === 1) throw error;
    return transactions.apart(steps);
  }
}

function addCommit({ totals }: Core, operations: number, tookMs: number): void {
  totals.commits += 1;
  totals.operations += operations;
  totals.tookMs += tookMs;
  totals.longestMs = Math.max(totals.longestMs, tookMs);
}

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
function run(core: Core, operation: Operation): unknown {
  return isOutside(operation) ? look(core, operation) : change(core, operation);
}

/** Needs a transaction. */
function change(core: Core, [name, given]: Exclude<Operation, Outside>): unknown {
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
    case 'queue.flush-accounts':
      return flushAccounts(core, given);
    case 'queue.act':
      return act(core, given);
    case 'queue.relane':
      return relane(core, given);
    case 'queue.redirect':
      return redirect(core, given);
    case 'queue.clamp-due':
      return clampDue(core, given);
    case 'account.set':
      return setAccountState(core, given);
    case 'certificate.remember':
      return rememberCertificates(core, given);
    case 'credential.remember':
      return rememberCredentials(core, given);
    case 'account.save-quota':
      return saveQuota(core, given);
    case 'account.save-refusals':
      return saveRefusals(core, given);
    case 'sender.hold':
      return holdSender(core, given);
    case 'sender.release':
      return releaseSenders(core, given);
    case 'sender.lift':
      return liftSenders(core, given);
    case 'hold.add':
      return addHoldRule(core, given);
    case 'hold.remove':
      return removeHoldRule(core, given);
    case 'relay.pause':
      return savePause(core, given);
    case 'feedback.note':
      return noteFeedback(core, given);
    case 'feedback.expire':
      return expireFeedback(core, given);
    case 'suppression.put':
      return suppress(core, given);
    case 'suppression.remove':
      return unsuppress(core, given);
  }
}

/** Changes nothing in the queue. */
function look(core: Core, [name, given]: Outside): unknown {
  switch (name) {
    case 'message.body':
      return body(core, given);
    case 'message.show':
      return show(core, given);
    case 'queue.list':
      return list(core, given);
    case 'queue.order':
      return order(core, given);
    case 'queue.count':
      return countStretch(core, given);
    case 'queue.groups':
      return groups(core, given);
    case 'queue.counts':
      return counts(core);
    case 'queue.next-expiry':
      return core.sql.nextExpiry.get() ?? null;
    case 'account.states':
      return accountStates(core);
    case 'certificate.memories':
      return certificates(core);
    case 'credential.memories':
      return credentials(core);
    case 'account.quotas':
      return quotas(core);
    case 'account.refusals':
      return refusals(core);
    case 'sender.held':
      return heldSenders(core);
    case 'steering.read':
      return steering(core);
    case 'suppression.list':
      return suppressions(core, given);
    case 'feedback.unknown':
      return core.history.feedback.unknown(given.limit);
    case 'store.stats':
      return stats(core);
    default:
      return runOnHistory(core, [name, given] as HistoryOperation);
  }
}
