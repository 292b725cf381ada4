import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock } from '../relay/ports.ts';
import { logsIn, sameAccount } from './account-identity.ts';
import { activityOf, type ConnectionActivity, Openings } from './activities.ts';
import type { Connection } from './connection.ts';
import { interrupted } from './fault.ts';
import type { KeptTokens } from './kept-tokens.ts';
import { LoginTurns } from './login-turns.ts';
import { type Opened, openConnection } from './open-connection.ts';
import type { OnCertificate } from './peer-guard.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { requestToken } from './token-request.ts';
import { Tokens } from './tokens.ts';
import type { Traces } from './traces.ts';

/** Balancers and providers drop long-lived sessions without a word; none gets this old. */
const connectionAgeMsMax = 5 * 60_000;

export interface PoolDeps {
  readonly hostname: () => string;
  readonly clock: Clock;
  readonly emit: EventSink;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /**
   * The upstream refuses a login, or no token is to be had any more: the account stops before
   * anything else is tried. True: it did.
   */
  readonly onLoginRefused: (account: Account, refusal: Refusal) => boolean;
  /** Whether the account is still the one in force, and its lane may work. */
  readonly mayLogIn: (account: Account) => boolean;
  readonly onCertificate: OnCertificate;
  readonly traces: Pick<Traces, 'tap'>;
  readonly keptTokens: KeptTokens;
  /** A new connection to the account is ready. */
  readonly onConnected: (account: Account) => void;
  /** How many connections its upstream bears now. */
  readonly connectionsMax: (account: Account) => number;
}

/**
 * Connections at rest, ready to be used again. They are kept by account and credential version,
 * never by host: two accounts at one provider share nothing. How many there are at once is the
 * lanes' business: a lane runs no more attempts than its account has connections, and every attempt
 * takes a resting one before it opens another.
 */
export class Pool {
  readonly #deps: PoolDeps;
  readonly #resting = new Map<string, Connection[]>();
  readonly #open = new Set<Connection>();
  readonly #openings = new Openings();
  readonly #idleTimers = new Map<Connection, NodeJS.Timeout>();
  readonly #retired = new WeakSet<Connection>();
  /** Their upstreams lose what comes behind a message. */
  readonly #alone = new WeakSet<Account>();
  readonly #abort = new AbortController();
  readonly #logins: LoginTurns;
  readonly tokens: Tokens;
  #stopping = false;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    const { clock, monotonic, mayLogIn, onLoginRefused: onRefused, keptTokens: kept } = deps;
    const { signal } = this.#abort;
    this.#logins = new LoginTurns({ monotonic, mayLogIn, onRefused });
    const request = requestToken;
    this.tokens = new Tokens({ clock, monotonic, request, signal, kept, onRefused });
  }

  /**
   * The connection that rested last, so that those not needed grow old and go; null when none can
   * be used.
   */
  take(account: Account): Connection | null {
    const resting = this.#resting.get(keyOf(account));
    for (;;) {
      const connection = resting?.pop();
      if (connection === undefined) return null;
      const why = this.#whyNotAgain(connection);
      if (why === null) return connection;
      connection.close(why);
    }
  }

  async open(account: Account): Promise<Opened> {
    const { hostname, clock, emit, onCertificate, onConnected, traces } = this.#deps;
    const { tokens } = this;
    const logins = this.#logins;
    const { signal } = this.#abort;
    if (logsIn(account) && !(await logins.room(account))) {
      return { refusal: refusalOf(account, interrupted) };
    }
    const { witness, end } = this.#openings.begin(account.name);
    const tap = traces.tap(account.name);
    const name = hostname();
    const way = { hostname: name, clock, emit, onCertificate, signal, tokens, logins };
    const opened = await openConnection({ account, ...way, witness, tap });
    end();
    if ('refusal' in opened) return opened;
    const { connection } = opened;
    this.#open.add(connection);
    connection.onClosed = () => this.#forget(connection);
    connection.onLost = () => this.#alone.add(account);
    if (signal.aborted) connection.abort(interrupted);
    else onConnected(account);
    return opened;
  }

  /** Every connection, those being opened included, with what it does now. */
  activities(): ConnectionActivity[] {
    return [...this.#openings.activities(), ...[...this.#open].map(activityOf)];
  }

  /** Whether another message may follow the one that it carries. */
  mayGoOn(connection: Connection): boolean {
    if (this.#alone.has(connection.account)) return false;
    return this.#whyNotAgain(connection) === null && this.#tooMany(connection) === null;
  }

  /** After a transaction: to rest, or closed when it has done its share. */
  release(connection: Connection): void {
    const why = this.#whyNotAgain(connection) ?? this.#tooMany(connection);
    if (why !== null) {
      connection.close(why);
      return;
    }
    const key = keyOf(connection.account);
    const resting = this.#resting.get(key);
    if (resting === undefined) this.#resting.set(key, [connection]);
    else resting.push(connection);
    this.#restAwhile(connection);
  }

  #whyNotAgain(connection: Connection): string | null {
    const { account, messages, openedAtMs } = connection;
    if (!connection.usable) return 'ended';
    if (this.#stopping) return 'stopping';
    if (this.#retired.has(connection)) return 'configuration changed';
    if (messages >= account.limits.messagesPerConnection) return 'messages';
    const ageMs = this.#deps.clock() - openedAtMs;
    // A clock that was set back says nothing about the age: such a connection goes too.
    return ageMs < 0 || ageMs > connectionAgeMsMax ? 'age' : null;
  }

  #tooMany({ account }: Connection): string | null {
    const max = this.#deps.connectionsMax(account);
    if (max >= account.limits.connections) return null;
    const open = this.counts().get(account.name) ?? 0;
    return open > max ? 'fewer connections' : null;
  }

  /**
   * The accounts in force, at start and after a reload: connections of those that are gone or
   * changed are not used for another message, and tokens are had for new ones.
   */
  follow(accounts: ReadonlyMap<string, Account>): void {
    this.tokens.follow(accounts);
    for (const connection of this.#open) {
      const account = accounts.get(connection.account.name);
      if (account !== undefined && sameAccount(account, connection.account)) continue;
      this.#retired.add(connection);
      if (this.#isResting(connection)) connection.close('configuration changed');
    }
  }

  /** Open connections per account, those in use included. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { account } of this.#open) {
      counts.set(account.name, (counts.get(account.name) ?? 0) + 1);
    }
    return counts;
  }

  /** Nothing is kept from now on: connections in use are closed when their transaction is over. */
  stop(): void {
    this.#stopping = true;
    this.tokens.stop();
    this.#logins.stop();
    for (const connection of this.#open) {
      if (this.#isResting(connection)) connection.close('stopping');
    }
  }

  /** Cuts off whatever still runs or is being opened. */
  abort(): void {
    this.#stopping = true;
    this.#logins.stop();
    this.#abort.abort();
    for (const connection of this.#open) connection.abort(interrupted);
  }

  /** Aborted when everything is to be cut off. */
  get aborted(): AbortSignal {
    return this.#abort.signal;
  }

  #isResting(connection: Connection): boolean {
    return this.#resting.get(keyOf(connection.account))?.includes(connection) ?? false;
  }

  /**
   * One timer per connection for its whole life; it means something only while the connection
   * rests.
   */
  #restAwhile(connection: Connection): void {
    const timer = this.#idleTimers.get(connection);
    if (timer !== undefined) {
      timer.refresh();
      return;
    }
    const onIdle = (): void => {
      if (this.#isResting(connection)) connection.close('idle');
    };
    this.#idleTimers.set(connection, setTimeout(onIdle, connection.account.limits.idleMs));
  }

  #forget(connection: Connection): void {
    clearTimeout(this.#idleTimers.get(connection));
    this.#idleTimers.delete(connection);
    this.#open.delete(connection);
    const key = keyOf(connection.account);
    const rest = this.#resting.get(key)?.filter((other) => other !== connection) ?? [];
    if (rest.length > 0) this.#resting.set(key, rest);
    else this.#resting.delete(key);
  }
}

function keyOf(account: Account): string {
  return `${account.name}\0${account.credentialVersion}`;
}
