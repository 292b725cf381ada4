import { setTimeout as sleep } from 'node:timers/promises';
import { loginFrom, recentLogins } from '../policy/login-budget.ts';
import type { Account } from '../relay/account.ts';
import type { Refusal } from './refusal.ts';

export interface LoginTurnsDeps {
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** Whether the account is still the one in force, and its lane may work. */
  readonly mayLogIn: (account: Account) => boolean;
  /** The upstream refuses a login: the account stops before anybody else tries. True: it did. */
  readonly onRefused: (account: Account, refusal: Refusal) => boolean;
}

/**
 * Ends a turn, with what the upstream said; null: it took the login. Returns the same, and whether
 * the account was stopped for it.
 */
export type EndTurn = (refusal: Refusal | null) => Refusal | null;

/**
 * How long credentials that were good before wait for the answer to another login: an upstream that
 * does not answer one must not keep all others from it. Milliseconds.
 */
const patienceMs = 10_000;

/**
 * Keeps accounts from hammering their upstream with logins: no more than the provider bears, and
 * one at a time, so that wrong credentials are tried once and not by every connection.
 */
export class LoginTurns {
  readonly #deps: LoginTurnsDeps;
  readonly #lines = new Map<string, Line>();
  readonly #stop = new AbortController();

  constructor(deps: LoginTurnsDeps) {
    this.#deps = deps;
  }

  /** Waits until the account's budget has room, and takes it. False: it may not log in any more. */
  async room(account: Account): Promise<boolean> {
    const line = this.#line(account);
    for (;;) {
      if (!this.#deps.mayLogIn(account)) return false;
      const nowMs = this.#deps.monotonic();
      const waitMs = loginFrom(line.pastMs, account.limits, nowMs) - nowMs;
      if (waitMs <= 0) {
        line.pastMs = [...recentLogins(line.pastMs, account.limits), nowMs];
        return true;
      }
      if (this.#stop.signal.aborted) return false;
      await this.#pause(Math.ceil(waitMs));
    }
  }

  /** Waits for the logins before it. Null: the account may not log in any more. */
  async turn(account: Account): Promise<EndTurn | null> {
    const line = this.#line(account);
    const before = line.last;
    const mine = Promise.withResolvers<void>();
    line.last = before.then(() => mine.promise);
    await (line.proven === account.credentialVersion ? this.#patiently(before) : before);
    if (!this.#deps.mayLogIn(account)) {
      mine.resolve();
      return null;
    }
    return (refusal) => {
      line.proven = refusal === null ? account.credentialVersion : null;
      const applied = refusal !== null && this.#deps.onRefused(account, refusal);
      mine.resolve();
      return applied ? { ...refusal, applied } : refusal;
    };
  }

  /** Nobody waits for room any longer. */
  stop(): void {
    this.#stop.abort();
  }

  async #patiently(before: Promise<void>): Promise<void> {
    const enough = new AbortController();
    const patience = sleep(patienceMs, undefined, { signal: enough.signal, ref: false });
    await Promise.race([before, patience]);
    enough.abort();
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    await sleep(ms, undefined, { signal }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }

  #line({ name }: Account): Line {
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    const line: Line = { pastMs: [], last: Promise.resolve(), proven: null };
    this.#lines.set(name, line);
    return line;
  }
}

/** The logins of one account. */
interface Line {
  pastMs: readonly number[];
  /** Resolves when everybody before has an answer. */
  last: Promise<void>;
  /** Version of the credentials that the upstream took last; null: it refused them since. */
  proven: string | null;
}
