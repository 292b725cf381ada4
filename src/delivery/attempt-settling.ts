import { assert } from '../lib/assert.ts';
import type { Account } from '../relay/account.ts';
import type { RelayEvent } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { Work } from '../relay/queue.ts';
import type { AttemptDeps, PartFacts, Stopped } from './attempt-contract.ts';
import { attemptRecord } from './attempt-record.ts';
import { tracedAttempt } from './attempt-trace.ts';
import type { Connection } from './connection.ts';
import { decide, putBack } from './disposition.ts';
import { phaseOf, type Recipients } from './grouping.ts';
import type { Result } from './judge.ts';
import type { Refusal } from './refusal.ts';

/** What a transaction went over, or why there was no connection. */
export type Way = Connection | Refusal | null;

/** Makes decisions of the results of one attempt and sends them on their way to the disk. */
export class AttemptSettling {
  readonly #deps: AttemptDeps;
  readonly #account: Account;
  readonly #work: Work;
  readonly #body: Body;
  readonly #startedAtMs: number;
  /** When the transaction began that is settled next. */
  partAtMs: number;
  /** Resolves when everything decided so far is durable. */
  done: Promise<void> | null = null;

  constructor(
    deps: AttemptDeps,
    { account, work, body }: { account: Account; work: Work; body: Body },
  ) {
    this.#deps = deps;
    this.#account = account;
    this.#work = work;
    this.#body = body;
    this.#startedAtMs = deps.clock();
    this.partAtMs = this.#startedAtMs;
  }

  /** There is no connection. A verdict on the account is returned. */
  refused(recipients: Recipients, refusal: Refusal): Stopped | null {
    const { cause, verdict, applied = false } = refusal;
    if (cause.from === 'us') {
      this.all(recipients, { is: 'interrupted', cause }, refusal);
    } else if (verdict.scope === 'account') {
      const stopped = { verdict, cause, applied };
      this.putBack(recipients, stopped, refusal);
      return stopped;
    } else {
      const { reason } = verdict;
      this.all(recipients, { is: 'deferred', cause, reason }, refusal);
    }
    return null;
  }

  /** The account must stop: they wait, and have used up no attempt. */
  putBack(recipients: Recipients, stopped: Stopped, way: Way): void {
    this.all(recipients, { is: 'stopped', ...stopped }, way);
  }

  /** Quota or pace have no room: they wait as before, and nothing has happened to them. */
  giveBack(recipients: Recipients): void {
    const { clock, settler } = this.#deps;
    const context = { lane: this.#account.name, nowMs: clock() };
    const decisions = recipients.map((recipient) => putBack(recipient, context));
    this.#add(settler.settleUntried(this.#work, decisions, this.#body));
  }

  /** The same for all of them, before any transaction. */
  all(recipients: Recipients, result: Exclude<Result, { is: 'delivered' }>, way: Way): void {
    const facts = { slot: null, phase: phaseOf(result.cause), reused: false };
    const results = recipients.map(() => result);
    this.each(recipients, results, { ...facts, way });
  }

  each(
    recipients: Recipients,
    results: readonly Result[],
    facts: PartFacts & { readonly way: Way },
  ): void {
    const { settings, clock, dice, emit, settler } = this.#deps;
    const { message } = this.#work;
    const { phase, reused, slot, way } = facts;
    const nowMs = clock();
    const tookMs = Math.max(0, nowMs - this.#startedAtMs);
    const context = {
      message,
      lane: this.#account.name,
      queue: settings().queue,
      nowMs,
      dice: dice(),
      upstreamReports: way !== null && 'capabilities' in way && way.capabilities.dsn,
    };
    const decisions = results.map((result, at) => {
      const recipient = recipients[at];
      assert(recipient !== undefined, 'a result is of a recipient');
      return decide(recipient, result, context);
    });
    const account = this.#account.name;
    const is = 'attempt.finished';
    const finished: RelayEvent = { is, id: message.id, account, tookMs, phase, reused };
    const of = { startedAtMs: this.partAtMs, decisions };
    const trace = tracedAttempt(this.#account, message, of);
    emit(trace === null ? finished : { ...finished, trace });
    const tried = { startedAtMs: this.#startedAtMs, tookMs, phase, decisions };
    const { attempt, dialogue } = attemptRecord(this.#account, way, tried);
    const [work, body] = [this.#work, this.#body];
    this.#add(settler.settle({ work, decisions, attempt, dialogue, body, dotSlot: slot }));
  }

  #add(settled: Promise<void>): void {
    const { done } = this;
    this.done = done === null ? settled : done.then(() => settled);
  }
}
