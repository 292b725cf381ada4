import { hold, pause, WAITS } from '../policy/verdicts.ts';
import type { Account, OAuth2 } from '../relay/account.ts';
import { networkCause } from './fault.ts';
import type { KeptTokens } from './kept-tokens.ts';
import type { Refusal } from './refusal.ts';
import { placeOf } from './tls-verdict.ts';
import type { TokenAnswer, TokenRequest } from './token-request.ts';

export type Fetched = { readonly token: string } | { readonly refusal: Refusal };

export interface TokenSourceDeps {
  readonly clock: () => number;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  readonly request: (request: TokenRequest) => Promise<TokenAnswer>;
  readonly signal: AbortSignal;
  /** The refresh tokens that take the place of the configured one. */
  readonly kept: Pick<KeptTokens, 'of' | 'replaced' | 'forget'>;
  /** The endpoint said no while nobody was waiting for a token. */
  readonly onRefused: (account: Account, refusal: Refusal) => void;
}

/** A token is replaced this long before it ends, or after half its life if that is later. */
const refreshAheadMs = 5 * 60_000;
/** Not used any more: the login takes its time, and clocks differ. */
const marginMs = 30_000;
/** An idle account asks no more often, however short its tokens live. */
const idleMsMin = 30_000;
/** How long an idle account waits after it got no answer. */
const idleRetryMs = [60_000, 5 * 60_000, 15 * 60_000];

/**
 * The access tokens of one account as it is configured. All connections share one token and one
 * request for the next; a timer renews it ahead of its end also while there is no mail, so that
 * mail finds a good token, and a grant that was withdrawn is noticed before mail needs it.
 */
export class TokenSource {
  readonly #account: Account;
  readonly #oauth2: OAuth2;
  readonly #deps: TokenSourceDeps;
  #current: { readonly token: string; readonly usableUntilMs: number } | null = null;
  #pending: Promise<Fetched> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #stopped = false;
  /** Fetched because the upstream refused the one before, and not accepted by it so far. */
  #replacement: string | null = null;

  constructor(account: Account, oauth2: OAuth2, deps: TokenSourceDeps) {
    this.#account = account;
    this.#oauth2 = oauth2;
    this.#deps = deps;
  }

  /** A token that is good for a while, or why there is none. */
  token(): Promise<Fetched> {
    const current = this.#current;
    const usable = current !== null && this.#deps.monotonic() < current.usableUntilMs;
    return usable ? Promise.resolve({ token: current.token }) : this.#fetch();
  }

  /**
   * Another token for one that the upstream refused. Null: the refused one was such a replacement
   * itself, so it is not the token that is wrong.
   */
  async replace(refused: string): Promise<Fetched | null> {
    if (this.#current?.token !== refused) return this.token();
    this.#current = null;
    if (this.#replacement === refused) return null;
    const fetched = await this.#fetch();
    if (!('token' in fetched)) return fetched;
    this.#replacement = fetched.token;
    return fetched.token === refused ? null : fetched;
  }

  /** The upstream took this token. */
  accepted(token: string): void {
    if (this.#replacement === token) this.#replacement = null;
  }

  /** The upstream refused a replacement: the login after somebody mended it gets another one. */
  dropped(token: string): void {
    if (this.#current?.token === token) this.#current = null;
  }

  /** Fetches although nobody waits; a refusal is told to `onRefused`. */
  async renew(): Promise<void> {
    const fetched = await this.#fetch();
    if (this.#stopped || 'token' in fetched) return;
    const { refusal } = fetched;
    const refused = refusal.verdict.action === 'hold';
    if (refused) this.#deps.onRefused(this.#account, refusal);
  }

  /** No token is renewed from now on unless somebody asks for one. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #fetch(): Promise<Fetched> {
    this.#pending ??= this.#request().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #request(): Promise<Fetched> {
    const { request, clock, monotonic, signal, kept } = this.#deps;
    const startedAtMs = monotonic();
    const nowMs = clock();
    const rotated = kept.of(this.#account);
    const answer = await request({ oauth2: this.#oauth2, rotated, nowMs, signal });
    if (answer.is !== 'token') return { refusal: await this.#noToken(answer) };
    const { token, lifetimeMs, refreshToken } = answer;
    // Before it is used: providers may end the former one at the first use of this one.
    if (refreshToken !== null) await kept.replaced(this.#account, rotated, refreshToken);
    const usableMs = Math.max(lifetimeMs - marginMs, lifetimeMs / 2);
    this.#current = { token, usableUntilMs: startedAtMs + usableMs };
    this.#failures = 0;
    this.#renewIn(Math.max(lifetimeMs - refreshAheadMs, lifetimeMs / 2, idleMsMin));
    return { token };
  }

  async #noToken(answer: Exclude<TokenAnswer, { is: 'token' }>): Promise<Refusal> {
    if (answer.is === 'unavailable') {
      const { fault, detail } = answer;
      this.#renewIn(idleRetryMs[Math.min(this.#failures, idleRetryMs.length - 1)] ?? 0);
      this.#failures++;
      const cause = networkCause('auth', fault, detail);
      return { cause, verdict: pause('network', WAITS.network, unavailableHint) };
    }
    // The configured one may work when the one that took its place does not.
    if (answer.why === 'grant') await this.#deps.kept.forget(this.#account);
    const cause = networkCause('auth', 'protocol', answer.detail);
    return { cause, verdict: hold('credentials', refusedHint(this.#account, answer.why)) };
  }

  #renewIn(waitMs: number): void {
    if (this.#stopped) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renew(), waitMs);
    this.#timer.unref();
  }
}

const unavailableHint =
  'The token endpoint cannot be reached or gives no token just now; mail waits and is tried again.';

function refusedHint(account: Account, why: (TokenAnswer & { is: 'refused' })['why']): string {
  const logIn = `run \`relayctl account login ${account.name}\``;
  if (why === 'no-login') return `There is no refresh token yet: ${logIn}.`;
  const mend = account.oauth2?.device == null ? 'put the new secret in place and reload' : logIn;
  return (
    `The provider gives no access token. Check oauth2 of ${placeOf(account)} and the consent at ` +
    `the provider, ${mend}, or run \`relayctl account resume\`.`
  );
}
