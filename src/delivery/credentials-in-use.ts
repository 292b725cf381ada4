import {
  accountInUse,
  candidateOf,
  forgiven,
  isWorthKeeping,
  onAccepted,
  onRefused,
  rememberedOf,
  switchedTo,
} from '../policy/credential-slots.ts';
import type { Account } from '../relay/account.ts';
import type { CredentialMemory, CredentialSlot, CredentialUse } from '../relay/credential.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { logsIn } from './account-identity.ts';
import { causeText } from './outcome-text.ts';
import { tellStoreFailure } from './store-failure.ts';
import { placeOf } from './tls-verdict.ts';

export interface CredentialsDeps {
  /** As configured. */
  readonly settings: () => Settings;
  readonly store: Pick<QueueStore, 'credentials' | 'rememberCredentials'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** The account with what was had since it was configured, such as a login by device. */
  readonly withLogin: (account: Account) => Account;
  /** The account logs in with something else from now on. */
  readonly onChange: (account: Account) => void;
}

/**
 * The credentials that accounts log in with, of those that relay.yaml gives them, over restarts.
 * To the rest of delivery `settings` is the configuration in force: an account that has switched is
 * an account whose password was replaced, with all that follows from it.
 */
export class CredentialsInUse {
  readonly #deps: CredentialsDeps;
  readonly #memories = new Map<string, CredentialMemory>();
  readonly #kept = new Map<string, CredentialMemory>();
  #configured: Settings | null = null;
  #inUse: Settings | null = null;
  #resumed = false;
  #saves: Promise<void> = Promise.resolve();

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  /** At start: reads what earlier runs have learned. */
  async resume(): Promise<void> {
    for (const [name, memory] of await this.#deps.store.credentials()) {
      this.#memories.set(name, memory);
      this.#kept.set(name, memory);
    }
    this.#resumed = true;
    this.#configured = null;
  }

  /** The configuration in force, its accounts with the credentials in use. */
  readonly settings = (): Settings => {
    const configured = this.#deps.settings();
    if (this.#inUse === null || this.#configured !== configured) {
      this.#configured = configured;
      this.#inUse = this.#apply(configured);
    }
    return this.#inUse;
  };

  /** What the account does not use yet; null: nothing. */
  candidate(name: string): Account | null {
    const account = this.#account(name);
    const memory = this.#memories.get(name);
    return account === null || memory === undefined ? null : candidateOf(account, memory);
  }

  /** A login succeeded. */
  accepted({ name, credentialVersion }: Account): void {
    const before = this.#memories.get(name);
    if (before === undefined) return;
    this.#take(name, onAccepted(before, credentialVersion, this.#deps.clock()));
  }

  /** A login with the candidate succeeded: it is in use from now on. */
  switchTo({ name, credentialVersion }: Account): void {
    const before = this.#memories.get(name);
    const account = this.#account(name);
    if (before === undefined || account?.next?.credentialVersion !== credentialVersion) return;
    const hint = `Move next_password to password in ${placeOf(account)} and reload.`;
    this.#deps.emit({ is: 'credential.switched', account: name, to: 'next_password', hint });
    this.#take(name, switchedTo(before, credentialVersion, this.#deps.clock()));
  }

  /** A login was refused. True: other credentials take over, and the account goes on. */
  refused({ name, credentialVersion }: Account, cause: Cause): boolean {
    const before = this.#memories.get(name);
    const account = this.#account(name);
    if (before === undefined || account === null) return false;
    const after = onRefused(before, credentialVersion, this.#deps.clock());
    if (after.inUse !== before.inUse) {
      const to = slotOf(account, after.inUse);
      const hint = `The other password of ${placeOf(account)} was refused; mail goes on with this one.`;
      this.#deps.emit({
        is: 'credential.fell-back',
        account: name,
        to,
        detail: causeText(cause),
        hint,
      });
    }
    this.#take(name, after);
    return after.inUse !== before.inUse;
  }

  /** Somebody says it was mended: what was refused gets another chance. */
  forgive(name: string): void {
    const before = this.#memories.get(name);
    if (before !== undefined) this.#take(name, forgiven(before));
  }

  /** Something that `withLogin` adds has changed. */
  loggedIn(name: string): void {
    this.#configured = null;
    this.#tell(name);
  }

  /** What the account has to log in with, for people; empty: it logs in with nothing. */
  uses(name: string): readonly CredentialUse[] {
    const { accounts } = this.settings();
    const account = this.#account(name);
    const memory = this.#memories.get(name);
    if (account === null || memory === undefined || !accounts.has(name)) return [];
    return memory.known.map((one) => ({
      ...one,
      slot: slotOf(account, one.version),
      inUse: one.version === memory.inUse,
    }));
  }

  /** Resolves when all that is known is kept. */
  async stop(): Promise<void> {
    for (const [name, memory] of this.#memories) {
      if (this.#kept.get(name) !== memory) this.#save(name);
    }
    await this.#saves;
  }

  #account(name: string): Account | null {
    const account = this.#deps.settings().accounts.get(name);
    return account === undefined ? null : this.#deps.withLogin(account);
  }

  #apply(configured: Settings): Settings {
    if (!this.#resumed) return configured;
    const accounts = new Map<string, Account>();
    for (const [name, given] of configured.accounts) {
      const account = this.#deps.withLogin(given);
      accounts.set(name, logsIn(account) ? this.#applied(account) : account);
    }
    return { ...configured, accounts };
  }

  #applied(account: Account): Account {
    const { name } = account;
    const memory = rememberedOf(this.#memories.get(name) ?? null, account, this.#deps.clock());
    this.#memories.set(name, memory);
    this.#keep(name);
    return accountInUse(account, memory);
  }

  #take(name: string, memory: CredentialMemory): void {
    const before = this.#memories.get(name);
    this.#memories.set(name, memory);
    this.#keep(name);
    if (before?.inUse === memory.inUse) return;
    this.#configured = null;
    this.#tell(name);
  }

  #tell(name: string): void {
    const account = this.settings().accounts.get(name);
    if (account !== undefined) this.#deps.onChange(account);
  }

  #keep(name: string): void {
    const memory = this.#memories.get(name);
    const kept = this.#kept.get(name);
    if (memory === undefined || memory === kept) return;
    if (kept === undefined || isWorthKeeping(kept, memory)) this.#save(name);
  }

  /** What the storage cannot keep is found out again after a restart; the next change tries anew. */
  #save(name: string): void {
    this.#saves = this.#saves.then(async () => {
      const memory = this.#memories.get(name);
      if (memory === undefined || memory === this.#kept.get(name)) return;
      try {
        await this.#deps.store.rememberCredentials(name, memory);
        this.#kept.set(name, memory);
      } catch (error) {
        tellStoreFailure(this.#deps.emit, error, `credentials of ${name}`);
      }
    });
  }
}

function slotOf({ auth, next }: Account, version: string): CredentialSlot {
  if (auth === 'xoauth2') return 'oauth2';
  return version === next?.credentialVersion ? 'next_password' : 'password';
}
