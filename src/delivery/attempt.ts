import { reasonOf } from '../policy/classify.ts';
import { authorOf } from '../policy/sends-as.ts';
import type { Cause } from '../relay/outcome.ts';
import { checkIdentity } from './account-identity.ts';
import type { AttemptDeps, AttemptEnd, AttemptGiven, Behind } from './attempt-contract.ts';
import { AttemptSettling } from './attempt-settling.ts';
import type { Connection } from './connection.ts';
import { interrupted } from './fault.ts';
import { lastPhase, parted, phaseOf, type Recipients, sortResults } from './grouping.ts';
import { judgeTransaction, type Result } from './judge.ts';
import { obstacle } from './letter.ts';
import { OutgoingMail } from './outgoing.ts';
import type { Permit } from './permits.ts';
import { isTaken, type Sending, sendingOf } from './sending.ts';
import type { Follow, TransactionEnd } from './transaction-contract.ts';

/** Repetitions of one attempt on new connections; the schedule takes over afterwards. */
const reconnectsMax = 2;

/**
 * Brings one message to one account's upstream, in as many transactions as its recipients need.
 * Never rejects for what an upstream does. It ends as soon as the connection is free; what was
 * decided is then on its way to the disk.
 */
export class Attempt {
  readonly #deps: AttemptDeps;
  readonly #given: AttemptGiven;
  readonly #mail: OutgoingMail;
  readonly #settling: AttemptSettling;
  #connection: Connection | null = null;
  /** Another message goes out behind the transaction that runs. */
  #isFollowed = false;
  #reconnects = 0;
  #stopped: AttemptEnd['stopped'] = null;
  #delivered = false;
  /** Recipients that the upstream has counted or may have counted in the last transaction. */
  #counted = 0;

  constructor(deps: AttemptDeps, given: AttemptGiven) {
    this.#deps = deps;
    this.#given = given;
    this.#mail = new OutgoingMail({ ...given, settings: deps.settings(), spool: deps.spool });
    this.#settling = new AttemptSettling(deps, given);
  }

  /** The permit is for the first transaction. */
  run(permit: Permit): Promise<AttemptEnd> {
    return this.#transactions(this.#mail.groups(), permit, 'first');
  }

  /**
   * Behind a message that the connection is about to end, where one transaction can begin at once.
   * Null: it has to go alone. `reserve` is asked last.
   */
  behind(connection: Connection, reserve: () => Permit | null): Behind | null {
    const [recipients = [], ...others] = this.#mail.groups();
    const mail = this.#mail.for(recipients);
    if (others.length > 0 || mail instanceof Promise || 'unreadable' in mail) return null;
    const sending = sendingOf({ connection, recipients, mail, reused: true }, this.#deps.dots);
    const { message, addressed, letter } = sending;
    if (obstacle(message, addressed, connection.capabilities, mail.bytes) !== null) return null;
    const permit = reserve();
    if (permit === null) return null;
    this.#check(sending);
    const ended = Promise.withResolvers<TransactionEnd | null>();
    const follower = { letter, follow: this.#follow(connection, true), onEnd: ended.resolve };
    return { follower, end: this.#behind(sending, permit, ended.promise) };
  }

  async #behind(
    sending: Sending,
    permit: Permit,
    ended: Promise<TransactionEnd | null>,
  ): Promise<AttemptEnd | null> {
    const end = await ended;
    if (end === null) {
      permit.end(0);
      return null;
    }
    this.#connection = sending.connection;
    const again = this.#judge(sending, end);
    permit.end(this.#counted);
    const left = this.#left(again, []);
    return left.length === 0 ? this.#over() : await this.#transactions(left, null, 'repeat');
  }

  /** For part after part, until none is left or the account must stop. */
  async #transactions(
    parts: Recipients[],
    first: Permit | null,
    firstAs: 'first' | 'repeat',
  ): Promise<AttemptEnd> {
    const { permits } = this.#deps;
    let permit = first;
    let as = firstAs;
    let left = parts;
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      // One part at a time is past its dot: a crash then leaves no doubt about the others.
      if (this.#settling.done !== null) await this.#settling.done;
      permit ??= permits.reserve(this.#given.account.name, part.length, as);
      if (permit === null) {
        this.#settling.giveBack([part, ...left].flat());
        break;
      }
      const [now, rest] = parted(part, permit.recipients);
      if (rest.length > 0) left.unshift(rest);
      this.#counted = 0;
      const again = await this.#part(now, permit, left.length === 0);
      permit.end(this.#counted);
      permit = null;
      as = again.length > 0 ? 'repeat' : 'first';
      left = this.#left(again, left);
    }
    return this.#over();
  }

  #over(): AttemptEnd {
    if (this.#connection !== null) this.#deps.pool.release(this.#connection);
    const settled = this.#settling.done ?? Promise.resolve();
    return { stopped: this.#stopped, delivered: this.#delivered, settled };
  }

  /** The parts that are to be tried yet: none when the account must stop, they are put back. */
  #left(again: Recipients[], parts: Recipients[]): Recipients[] {
    const left = again.length === 0 ? parts : [...again, ...parts];
    if (this.#stopped === null) return left;
    if (left.length > 0) this.#settling.putBack(left.flat(), this.#stopped, this.#connection);
    return [];
  }

  /** One transaction. Returns the recipients that need another at once, grouped. */
  async #part(recipients: Recipients, permit: Permit, isLast: boolean): Promise<Recipients[]> {
    this.#settling.partAtMs = this.#deps.clock();
    const ready = this.#mail.for(recipients);
    const mail = ready instanceof Promise ? await ready : ready;
    if ('unreadable' in mail) {
      this.#settling.all(recipients, mail.unreadable, this.#connection);
      return [];
    }
    const reused = this.#connection !== null || this.#take();
    const connection = this.#connection ?? (await this.#open(recipients));
    if (connection === null) return [];
    const sending = sendingOf({ connection, recipients, mail, reused }, this.#deps.dots);
    this.#check(sending);
    const { message, addressed, letter } = sending;
    const impossible = obstacle(message, addressed, connection.capabilities, mail.bytes);
    if (impossible !== null) {
      const cause: Cause = { from: 'us', ...impossible };
      const result = { is: 'bounced', cause, reason: reasonOf(cause) } as const;
      this.#settling.all(recipients, result, connection);
      return [];
    }
    if (permit.kept !== true && !(await permit.kept)) {
      this.#settling.giveBack(recipients);
      return [];
    }
    const end = await connection.transact(letter, this.#follow(connection, isLast));
    return this.#judge(sending, end);
  }

  #check({ connection, message: { id } }: Sending): void {
    checkIdentity(this.#given.account, connection, { id, emit: this.#deps.emit });
  }

  /** Nothing follows while more is to be sent for this message. */
  #follow(connection: Connection, isLast: boolean): Follow {
    return () => {
      if (!isLast || !this.#deps.pool.mayGoOn(connection)) return null;
      const follower = this.#given.follow(connection);
      this.#isFollowed = follower !== null;
      return follower;
    };
  }

  /**
   * After a reconnect only a new connection will do: the others at rest may be as dead as the last.
   */
  #take(): boolean {
    if (this.#reconnects > 0) return false;
    this.#connection = this.#deps.pool.take(this.#given.account);
    return this.#connection !== null;
  }

  async #open(recipients: Recipients): Promise<Connection | null> {
    const opened = await this.#deps.pool.open(this.#given.account);
    if ('connection' in opened) {
      this.#connection = opened.connection;
      return opened.connection;
    }
    this.#stopped = this.#settling.refused(recipients, opened.refusal);
    return null;
  }

  #judge(sending: Sending, end: TransactionEnd): Recipients[] {
    const { account } = this.#given;
    const { recipients, message, addressed, reused } = sending;
    const about = { account, message, addressed, recipients };
    const judged = judgeTransaction(end, { reused, reconnects: this.#reconnects }, about);
    const results = this.#deps.net.catch(account, message, judged);
    const phase = end.broken === null ? lastPhase(results) : phaseOf(end.broken);
    // Whoever follows a success has the connection already.
    if (this.#isFollowed && isTaken(end)) this.#connection = null;
    const again = this.#conclude(sending, results, phase);
    if (this.#isFollowed) this.#handOver(results, again);
    return again;
  }

  /** After a refusal the next goes on where it would have been sent, and is undone elsewhere. */
  #handOver(results: Result[], again: Recipients[]): void {
    const against = this.#stopped !== null || results.some(({ is }) => is === 'held');
    if (against || again.length > 0) this.#connection?.abort(interrupted);
    else this.#connection?.goOn();
    this.#connection = null;
    this.#isFollowed = false;
  }

  /** Hands over what is final and returns what is repeated at once. */
  #conclude(sending: Sending, results: Result[], phase: ReturnType<typeof lastPhase>) {
    const { recipients, message, slot, reused, connection } = sending;
    for (const result of results) {
      if (result.is === 'stopped') this.#stopped ??= result;
      if (result.is === 'delivered') this.#delivered = true;
      if (result.is === 'held' && result.hint !== undefined) {
        const { cause, hint } = result;
        this.#deps.senders.hold(this.#given.account, authorOf(message), { cause, hint });
      }
      // What was refused with a reply the provider does not count.
      if (result.is === 'delivered' || result.is === 'in-doubt') this.#counted++;
    }
    const sorted = sortResults(recipients, results, this.#reconnects < reconnectsMax);
    const { final, split, reconnect } = sorted;
    const facts = { slot, phase, reused, way: connection };
    if (final.length > 0) this.#settling.each(final, sorted.results, facts);
    // An answer that refused everybody leaves no doubt behind.
    else if (slot !== null) this.#deps.dots.clear(slot);
    if (reconnect.length > 0) this.#reconnects++;
    if (reconnect.length > 0 || this.#connection?.usable !== true) this.#drop();
    return reconnect.length > 0 ? [reconnect, ...split] : split;
  }

  #drop(): void {
    // QUIT would become part of a message that follows.
    if (this.#isFollowed) this.#connection?.abort(interrupted);
    else this.#connection?.close('starting over');
    this.#connection = null;
  }
}
