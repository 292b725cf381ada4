import type { Account } from '../relay/account.ts';
import type { Clock } from '../relay/ports.ts';
import { noKeptTokens } from './kept-tokens.ts';
import { requestToken } from './token-request.ts';
import { TokenSource, type TokenSourceDeps } from './token-source.ts';

/** The token sources of all accounts that have one, by account and credential version. */
export class Tokens {
  readonly #deps: TokenSourceDeps;
  readonly #sources = new Map<string, TokenSource>();
  readonly #end = new AbortController();
  #stopped = false;

  constructor(deps: TokenSourceDeps) {
    this.#deps = { ...deps, signal: AbortSignal.any([deps.signal, this.#end.signal]) };
  }

  /** Null: the account logs in without tokens. */
  of(account: Account): TokenSource | null {
    if (account.oauth2 === null) return null;
    const key = keyOf(account);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const source = new TokenSource(account, account.oauth2, this.#deps);
    if (this.#stopped) source.stop();
    this.#sources.set(key, source);
    return source;
  }

  /** These accounts are in force: new ones get a token, those that are gone ask for none. */
  follow(accounts: ReadonlyMap<string, Account>): void {
    const wanted = new Map([...accounts.values()].map((account) => [keyOf(account), account]));
    for (const [key, source] of this.#sources) {
      if (wanted.has(key)) continue;
      source.stop();
      this.#sources.delete(key);
    }
    for (const [key, account] of wanted) {
      if (!this.#sources.has(key)) void this.of(account)?.renew();
    }
  }

  /** None is renewed ahead from now on. */
  stop(): void {
    this.#stopped = true;
    for (const source of this.#sources.values()) source.stop();
  }

  /** Nobody waits for a token any more: requests that still run are cut off. */
  end(): void {
    this.#end.abort();
  }
}

/** Tokens for one look at an upstream, outside the daemon. */
export function passingTokens(clock: Clock, signal: AbortSignal): Tokens {
  const monotonic = () => performance.now();
  const rest = { request: requestToken, signal, kept: noKeptTokens, onRefused: () => {} };
  return new Tokens({ clock, monotonic, ...rest });
}

function keyOf({ name, credentialVersion }: Account): string {
  return `${name}\0${credentialVersion}`;
}
