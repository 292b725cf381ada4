import { acceptMessages } from './accept.ts';
import { accountStates, setAccountState } from './accounts.ts';
import { certificates, rememberCertificates } from './certificates.ts';
import { claim, claimExpired, claimMatching } from './claim.ts';
import type { Core } from './core.ts';
import { credentials, rememberCredentials } from './credentials.ts';
import { storeFault } from './faults.ts';
import { flush, flushAccounts, survey } from './flush.ts';
import {
  type Answer,
  type Given,
  type Operation,
  type OperationName,
  OUTSIDE,
} from './operations.ts';
import { act, clampDue, relane } from './operator.ts';
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
}

export const isOutside = ([name]: Operation): boolean => OUTSIDE.has(name);

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

const WORK: {
  readonly [Name in OperationName]: (core: Core, given: Given<Name>) => Answer<Name>;
} = {
  'message.accept': acceptMessages,
  'lease.settle': settle,
  'lease.claim': claim,
  'lease.claim-expired': claimExpired,
  'lease.claim-matching': claimMatching,
  'lease.recover': recover,
  'queue.flush': flush,
  'queue.flush-accounts': flushAccounts,
  'queue.survey': survey,
  'queue.act': act,
  'queue.relane': relane,
  'queue.clamp-due': clampDue,
  'account.set': setAccountState,
  'certificate.remember': rememberCertificates,
  'credential.remember': rememberCredentials,
  'account.save-quota': saveQuota,
  'account.save-refusals': saveRefusals,
  'sender.hold': holdSender,
  'sender.release': releaseSenders,
  'sender.lift': liftSenders,
  'hold.add': addHoldRule,
  'hold.remove': removeHoldRule,
  'relay.pause': savePause,
  'history.expire': (core, given) => core.history.expire(given),
  'message.body': body,
  'message.show': show,
  'queue.list': list,
  'queue.counts': counts,
  'queue.next-expiry': (core) => core.sql.nextExpiry.get() ?? null,
  'account.states': accountStates,
  'certificate.memories': certificates,
  'credential.memories': credentials,
  'account.quotas': quotas,
  'account.refusals': refusals,
  'sender.held': heldSenders,
  'steering.read': steering,
  'history.list': (core, given) => core.history.list(given),
  'store.stats': stats,
};

/** One operation, inside whatever transaction is open. */
function run(core: Core, [name, given]: Operation): unknown {
  // What the name asks for stands beside it; the compiler cannot follow it through two tables.
  return (WORK[name] as (core: Core, given: unknown) => unknown)(core, given);
}
