import { assert } from '../lib/assert.ts';
import { reasonOf } from '../policy/classify.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import type { Clock, Dice, DotLedger, Spool } from '../relay/ports.ts';
import type { Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { headFields } from './account-headers.ts';
import { logsIn } from './account-identity.ts';
import { attemptRecord } from './attempt-record.ts';
import type { Connection } from './connection.ts';
import { decide } from './disposition.ts';
import { chunks, lastPhase, phaseOf, type Recipients, sortResults } from './grouping.ts';
import { type AccountVerdict, judgeTransaction, type Result } from './judge.ts';
import { addressedOf, type Letter, mailCommand, obstacle, rcptCommand } from './letter.ts';
import type { Pool } from './pool.ts';
import type { Settler } from './settler.ts';

export interface AttemptDeps {
  readonly settings: () => Settings;
  readonly pool: Pool;
  readonly settler: Settler;
  readonly spool: Spool;
  readonly dots: DotLedger;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
}

export interface AttemptEnd {
  /** The account must stop, and why; null: it may go on. */
  readonly stopped: { readonly verdict: AccountVerdict; readonly cause: Cause } | null;
  /** The upstream took the message for somebody. */
  readonly delivered: boolean;
  /** Resolves when everything decided here is durable. */
  readonly settled: Promise<void>;
}

/** Repetitions of one attempt on new connections; the schedule takes over afterwards. */
const reconnectsMax = 2;

/**
 * Brings one message to one account's upstream, in as many transactions as its recipients need.
 * Never rejects for what an upstream does. It returns as soon as the connection is free; what was
 * decided is then on its way to the disk.
 */
export async function attempt(
  deps: AttemptDeps,
  given: { readonly account: Account; readonly work: Work; readonly body: Body },
): Promise<AttemptEnd> {
  return await new Attempt(deps, given).run();
}

class Attempt {
  readonly #deps: AttemptDeps;
  readonly #account: Account;
  readonly #work: Work;
  readonly #body: Body;
  readonly #startedAtMs: number;
  #connection: Connection | null = null;
  #reconnects = 0;
  #stopped: AttemptEnd['stopped'] = null;
  #delivered = false;
  #settled: Promise<void> = Promise.resolve();

  constructor(deps: AttemptDeps, given: { account: Account; work: Work; body: Body }) {
    this.#deps = deps;
    this.#account = given.account;
    this.#work = given.work;
    this.#body = given.body;
    this.#startedAtMs = deps.clock();
  }

  async run(): Promise<AttemptEnd> {
    const parts = chunks(this.#work.recipients, this.#account.limits.recipients);
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      // One part at a time is past its dot: a crash then leaves no doubt about the others.
      await this.#settled;
      const again = await this.#part(part);
      if (this.#stopped === null) {
        parts.unshift(...again);
      } else {
        const waiting = [...again, ...parts].flat();
        if (waiting.length > 0) this.#putBack(waiting, this.#stopped);
        break;
      }
    }
    if (this.#connection !== null) this.#deps.pool.release(this.#connection);
    return { stopped: this.#stopped, delivered: this.#delivered, settled: this.#settled };
  }

  /** One transaction. Returns the recipients that need another at once, grouped. */
  async #part(recipients: Recipients): Promise<Recipients[]> {
    const reused = this.#connection !== null || this.#take();
    const connection = this.#connection ?? (await this.#open(recipients));
    if (connection === null) return [];
    this.#checkIdentity(connection);
    const { message } = this.#work;
    const addressed = addressedOf(message, recipients);
    const head = headFields(this.#account);
    const bytes = message.bytes + (head?.length ?? 0);
    const { capabilities } = connection;
    const impossible = obstacle(message, addressed, capabilities, bytes);
    if (impossible !== null) {
      const cause: Cause = { from: 'us', ...impossible };
      this.#settleAll(recipients, { is: 'bounced', cause, reason: reasonOf(cause) });
      return [];
    }
    let slot: number | null = null;
    const letter: Letter = {
      mail: mailCommand(message, addressed, capabilities, bytes),
      rcpt: addressed.map((recipient) => rcptCommand(recipient, capabilities)),
      head,
      body: this.#content(),
      beforeDot: () => {
        slot = this.#deps.dots.mark(message.id);
      },
    };
    const end = await connection.transact(letter);
    const about = { account: this.#account, message, addressed };
    const results = judgeTransaction(end, { reused, reconnects: this.#reconnects }, about);
    const phase = end.broken === null ? lastPhase(results) : phaseOf(end.broken);
    return this.#conclude(recipients, results, { slot, phase, reused });
  }

  #content(): Letter['body'] {
    const body = this.#body;
    return body.in === 'memory' ? body.bytes : () => this.#deps.spool.read(body.file);
  }

  /**
   * After a reconnect only a new connection will do: the others at rest may be as dead as the last.
   */
  #take(): boolean {
    if (this.#reconnects > 0) return false;
    this.#connection = this.#deps.pool.take(this.#account);
    return this.#connection !== null;
  }

  async #open(recipients: Recipients): Promise<Connection | null> {
    const opened = await this.#deps.pool.open(this.#account);
    if ('connection' in opened) {
      this.#connection = opened.connection;
      return opened.connection;
    }
    const { cause, verdict } = opened.refusal;
    if (cause.from === 'us') {
      this.#settleAll(recipients, { is: 'interrupted', cause });
    } else if (verdict.scope === 'account') {
      this.#stopped = { verdict, cause };
      this.#putBack(recipients, this.#stopped);
    } else {
      this.#settleAll(recipients, { is: 'deferred', cause, reason: verdict.reason });
    }
    return null;
  }

  /**
   * Promise 3 of the design: a message never leaves as somebody else. A mismatch is a bug and ends
   * the process.
   */
  #checkIdentity(connection: Connection): void {
    const { name, credentialVersion, username } = this.#account;
    const { account, authenticatedAs } = connection;
    const same =
      account.name === name &&
      account.credentialVersion === credentialVersion &&
      authenticatedAs === (logsIn(this.#account) ? username : null);
    if (same) return;
    const { id } = this.#work.message;
    const as = authenticatedAs ?? account.name;
    this.#deps.emit({ is: 'account.misrouted', account: name, authenticatedAs: as, id });
    assert(false, `message ${id} for account ${name} met a session of ${as}`);
  }

  /** Hands over what is final and returns what is repeated at once. */
  #conclude(recipients: Recipients, results: Result[], facts: PartFacts): Recipients[] {
    for (const result of results) {
      if (result.is === 'stopped') this.#stopped ??= result;
      if (result.is === 'delivered') this.#delivered = true;
    }
    const sorted = sortResults(recipients, results, this.#reconnects < reconnectsMax);
    const { final, split, reconnect } = sorted;
    if (final.length > 0) this.#settle(final, sorted.results, facts);
    // An answer that refused everybody leaves no doubt behind.
    else if (facts.slot !== null) this.#deps.dots.clear(facts.slot);
    if (reconnect.length > 0) this.#reconnects++;
    if (reconnect.length > 0 || this.#connection?.usable !== true) this.#drop();
    return reconnect.length > 0 ? [reconnect, ...split] : [...split];
  }

  #drop(): void {
    this.#connection?.close('starting over');
    this.#connection = null;
  }

  #putBack(recipients: Recipients, stopped: NonNullable<AttemptEnd['stopped']>): void {
    this.#settleAll(recipients, { is: 'stopped', ...stopped });
  }

  /** The same for all of them, before any transaction. */
  #settleAll(recipients: Recipients, result: Exclude<Result, { is: 'delivered' }>): void {
    const facts = { slot: null, phase: phaseOf(result.cause), reused: false };
    const results = recipients.map(() => result);
    this.#settle(recipients, results, facts);
  }

  #settle(recipients: Recipients, results: readonly Result[], facts: PartFacts): void {
    const { settings, clock, dice, emit, settler } = this.#deps;
    const { message } = this.#work;
    const nowMs = clock();
    const tookMs = Math.max(0, nowMs - this.#startedAtMs);
    const context = {
      message,
      lane: this.#account.name,
      queue: settings().queue,
      nowMs,
      dice: dice(),
      upstreamReports: this.#connection?.capabilities.dsn ?? false,
    };
    const decisions = recipients.flatMap((recipient, at) => {
      const result = results[at];
      return result === undefined ? [] : [decide(recipient, result, context)];
    });
    const account = this.#account.name;
    const { phase, reused, slot } = facts;
    emit({ is: 'attempt.finished', id: message.id, account, tookMs, phase, reused });
    const done = settler.settle({
      work: this.#work,
      decisions,
      attempt: attemptRecord(this.#account, this.#connection, {
        startedAtMs: this.#startedAtMs,
        tookMs,
        decisions,
      }),
      body: this.#body,
      dotSlot: slot,
    });
    this.#settled = this.#settled.then(() => done);
  }
}

interface PartFacts {
  readonly slot: number | null;
  /** Where it ended; null at success. */
  readonly phase: Phase | null;
  readonly reused: boolean;
}
