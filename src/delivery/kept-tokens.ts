import { createHash } from 'node:crypto';
import { assert } from '../lib/assert.ts';
import type { Secret } from '../lib/secret.ts';
import type { Account } from '../relay/account.ts';
import type { KeptToken } from '../relay/credential.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock, TokenVault } from '../relay/ports.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface KeptTokensDeps {
  readonly vault: TokenVault;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/**
 * The refresh tokens that providers handed out themselves, over restarts: by a login of
 * `relayctl account login`, or in place of one that was used. They go before that of relay.yaml
 * until what relay.yaml says about them changes.
 */
export class KeptTokens {
  readonly #deps: KeptTokensDeps;
  #tokens = new Map<string, KeptToken>();

  constructor(deps: KeptTokensDeps) {
    this.#deps = deps;
  }

  /** At start. A vault that cannot be read is reported; relay.yaml counts then. */
  async resume(): Promise<void> {
    await this.#report('refresh tokens', async () => {
      this.#tokens = new Map(await this.#deps.vault.read());
    });
  }

  of(account: Account): Secret | null {
    return this.#current(account)?.refreshToken ?? null;
  }

  /**
   * The provider gave another token for `former`, which `of` had told. One that cannot be kept is
   * used as long as the relay runs.
   */
  async replaced(account: Account, former: Secret | null, refreshToken: Secret): Promise<void> {
    const grant = grantOf(account);
    const before = this.#current(account);
    // Somebody has logged in meanwhile: that token is younger.
    if (grant === null || former !== (before?.refreshToken ?? null)) return;
    if (former?.reveal() === refreshToken.reveal()) return;
    const token = { refreshToken, grant, login: before?.login ?? null };
    this.#tokens.set(account.name, token);
    await this.#report(`refresh token of ${account.name}`, () =>
      this.#deps.vault.keep(account.name, token),
    );
  }

  /**
   * The provider takes the token no more: that of relay.yaml counts again. One that came by a login
   * stays, for there may be nothing else.
   */
  async forget(account: Account): Promise<void> {
    const token = this.#current(account);
    if (token === null || token.login !== null) return;
    this.#tokens.delete(account.name);
    await this.#report(`refresh token of ${account.name}`, () =>
      this.#deps.vault.remove(account.name),
    );
  }

  /** Somebody has logged in. Rejects with StoreError; then nothing has changed. */
  async loggedIn(account: Account, refreshToken: Secret): Promise<void> {
    const login = String(this.#deps.clock());
    const grant = grantOf(account);
    assert(grant !== null, `account ${account.name} uses no refresh token`);
    const token = { refreshToken, grant, login };
    await this.#deps.vault.keep(account.name, token);
    this.#tokens.set(account.name, token);
  }

  /** A login makes other credentials of the account; a token that replaced another does not. */
  readonly withLogin = (account: Account): Account => {
    const login = this.#current(account)?.login ?? null;
    if (login === null) return account;
    return { ...account, credentialVersion: digest(account.credentialVersion, login) };
  };

  #current(account: Account): KeptToken | null {
    const token = this.#tokens.get(account.name);
    return token !== undefined && token.grant === grantOf(account) ? token : null;
  }

  async #report(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      tellStoreFailure(this.#deps.emit, error, what);
    }
  }
}

/** Where no token is kept: a look from outside the daemon. */
export const noKeptTokens: Pick<KeptTokens, 'of' | 'replaced' | 'forget'> = {
  of: () => null,
  replaced: () => Promise.resolve(),
  forget: () => Promise.resolve(),
};

/** Changes with whatever makes a refresh token another one; null: the account uses none. */
function grantOf({ username, oauth2 }: Account): string | null {
  if (oauth2?.grant.is !== 'refresh-token') return null;
  const { tokenUrl, scope, grant } = oauth2;
  const configured = grant.refreshToken?.reveal() ?? null;
  return digest(username, tokenUrl, scope, grant.clientId, configured);
}

/** 12 hexadecimal digits; tokens have too many bits to be guessed from it. */
function digest(...parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
