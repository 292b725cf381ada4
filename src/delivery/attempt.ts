import { reasonOf } from '../policy/classify.ts';
import { authorOf } from '../policy/sends-as.ts';
import type { Account } from '../relay/account.ts';
import type { Body, Message } from '../relay/message.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Work } from '../relay/queue.ts';
import { checkIdentity } from './account-identity.ts';
import type { AttemptDeps, AttemptEnd, AttemptGiven, PartFacts } from './attempt-contract.ts';
import { attemptRecord } from './attempt-record.ts';
import { tracedAttempt } from './attempt-trace.ts';
import type { Connection } from './connection.ts';
import { decide, putBack } from './disposition.ts';
import { lastPhase, phaseOf, type Recipients, sortResults } from './grouping.ts';
import { judgeTransaction, type Result } from './judge.ts';
import { addressedOf, type Letter, mailCommand, obstacle, rcptCommand } from './letter.ts';
import { OutgoingMail } from './outgoing.ts';
import type { Permit } from './permits.ts';
import type { Refusal } from './refusal.ts';

/** Repetitions of one attempt on new connections; the schedule takes over afterwards. */
const reconnectsMax = 2;

/**
 * Brings one message to one account's upstream, in as many transactions as its recipients need.
 * Never rejects for what an upstream does. It returns as soon as the connection is free; what was
 * decided is then on its way to the disk.
 */
export async function attempt(deps: AttemptDeps, given: AttemptGiven): Promise<AttemptEnd> {
  return await new Attempt(deps, given).run();
}

class Attempt {
  readonly #deps: AttemptDeps;
  readonly #account: Account;
  readonly #work: Work;
  readonly #body: Body;
  readonly #mail: OutgoingMail;
  readonly #first: Permit;
  readonly #startedAtMs: number;
  #partAtMs: number;
  #connection: Connection | null = null;
  #refusal: Refusal | null = null;
  #reconnects = 0;
  #stopped: AttemptEnd['stopped'] = null;
  #delivered = false;
  /** Recipients that the upstream has counted or may have counted in the last transaction. */
  #counted = 0;
  #settled: Promise<void> = Promise.resolve();

  constructor(deps: AttemptDeps, given: AttemptGiven) {
    this.#deps = deps;
    this.#account = given.account;
    this.#work = given.work;
    this.#body = given.body;
    this.#mail = new OutgoingMail({ ...given, settings: deps.settings(), spool: deps.spool });
    this.#first = given.permit;
    this.#startedAtMs = deps.clock();
    this.#partAtMs = this.#startedAtMs;
  }

  async run(): Promise<AttemptEnd> {
    const { permits } = this.#deps;
    const parts = this.#mail.groups();
    let first: Permit | null = this.#first;
    let as: 'first' | 'repeat' = 'first';
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      // One part at a time is past its dot: a crash then leaves no doubt about the others.
      await this.#settled;
      const permit = first ?? permits.reserve(this.#account.name, part.length, as);
      first = null;
      if (permit === null) {
        this.#giveBack([part, ...parts].flat());
        break;
      }
      const rest = part.slice(permit.recipients);
      if (rest.length > 0) parts.unshift(rest);
      this.#counted = 0;
      const again = await this.#part(part.slice(0, permit.recipients), permit);
      permit.end(this.#counted);
      as = again.length > 0 ? 'repeat' : 'first';
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
  async #part(recipients: Recipients, permit: Permit): Promise<Recipients[]> {
    this.#partAtMs = this.#deps.clock();
    const mail = await this.#mail.for(recipients);
    if ('unreadable' in mail) {
      this.#settleAll(recipients, mail.unreadable);
      return [];
    }
    const reused = this.#connection !== null || this.#take();
    const connection = this.#connection ?? (await this.#open(recipients));
    if (connection === null) return [];
    const { message, bytes } = mail;
    checkIdentity(this.#account, connection, { id: message.id, emit: this.#deps.emit });
    const addressed = addressedOf(message, recipients);
    const { capabilities } = connection;
    const impossible = obstacle(message, addressed, capabilities, bytes);
    if (impossible !== null) {
      const cause: Cause = { from: 'us', ...impossible };
      this.#settleAll(recipients, { is: 'bounced', cause, reason: reasonOf(cause) });
      return [];
    }
    if (!(await permit.kept)) {
      this.#giveBack(recipients);
      return [];
    }
    let slot: number | null = null;
    const letter: Letter = {
      mail: mailCommand(message, addressed, capabilities, bytes),
      rcpt: addressed.map((recipient) => rcptCommand(recipient, capabilities)),
      head: mail.head,
      body: mail.body,
      beforeDot: () => {
        slot = this.#deps.dots.mark(message.id);
      },
    };
    const end = await connection.transact(letter);
    const attempts = Math.min(...recipients.map((recipient) => recipient.attempts));
    const about = { account: this.#account, message, addressed, attempts };
    const judged = judgeTransaction(end, { reused, reconnects: this.#reconnects }, about);
    const results = this.#deps.net.catch(this.#account, message, judged);
    const phase = end.broken === null ? lastPhase(results) : phaseOf(end.broken);
    return this.#conclude(recipients, results, { slot, phase, reused, sent: message });
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
    this.#refusal = opened.refusal;
    const { cause, verdict, applied = false } = this.#refusal;
    if (cause.from === 'us') {
      this.#settleAll(recipients, { is: 'interrupted', cause });
    } else if (verdict.scope === 'account') {
      this.#stopped = { verdict, cause, applied };
      this.#putBack(recipients, this.#stopped);
    } else {
      this.#settleAll(recipients, { is: 'deferred', cause, reason: verdict.reason });
    }
    return null;
  }

  /** Hands over what is final and returns what is repeated at once. */
  #conclude(
    recipients: Recipients,
    results: Result[],
    facts: PartFacts & { readonly sent: Message },
  ): Recipients[] {
    for (const result of results) {
      if (result.is === 'stopped') this.#stopped ??= result;
      if (result.is === 'delivered') this.#delivered = true;
      if (result.is === 'held' && result.hint !== undefined) {
        const { cause, hint } = result;
        this.#deps.senders.hold(this.#account, authorOf(facts.sent), { cause, hint });
      }
      // What was refused with a reply the provider does not count.
      if (result.is === 'delivered' || result.is === 'in-doubt') this.#counted++;
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

  /** Quota or pace have no room: they wait as before, and nothing has happened to them. */
  #giveBack(recipients: Recipients): void {
    const { clock, settler } = this.#deps;
    const context = { lane: this.#account.name, nowMs: clock() };
    const decisions = recipients.map((recipient) => putBack(recipient, context));
    const rest = { attempt: null, body: this.#body, dotSlot: null };
    const done = settler.settle({ work: this.#work, decisions, ...rest });
    this.#settled = this.#settled.then(() => done);
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
    const of = { startedAtMs: this.#partAtMs, decisions };
    const traced = tracedAttempt(this.#account, message, of);
    emit({ is: 'attempt.finished', id: message.id, account, tookMs, phase, reused, ...traced });
    const tried = { startedAtMs: this.#startedAtMs, tookMs, phase, decisions };
    const done = settler.settle({
      work: this.#work,
      decisions,
      ...attemptRecord(this.#account, this.#connection ?? this.#refusal, tried),
      body: this.#body,
      dotSlot: slot,
    });
    this.#settled = this.#settled.then(() => done);
  }
}
