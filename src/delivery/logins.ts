import { mayWork } from '../policy/lane-state.ts';
import type { Account, AccountState } from '../relay/account.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { DeviceCode, DeviceProgress, DeviceRefusal } from '../relay/device-login.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { accountNamed } from './account-identity.ts';
import type { CertificateWatch } from './certificate-watch.ts';
import type { CredentialsInUse } from './credentials-in-use.ts';
import { DeviceLogins } from './device-logins.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { KeptTokens } from './kept-tokens.ts';
import type { LaneStates } from './lane-states.ts';
import { NextPasswords } from './next-passwords.ts';
import { openConnection } from './open-connection.ts';
import type { Pool } from './pool.ts';
import type { Refusal } from './refusal.ts';

/** What logins act on. */
export interface LoginParts {
  readonly deps: {
    readonly settings: () => Settings;
    readonly clock: Clock;
    readonly emit: EventSink;
  };
  readonly pool: Pool;
  readonly states: LaneStates;
  readonly certificates: CertificateWatch;
  readonly dispatcher: Dispatcher;
}

/** What may be asked of logins from outside; names are those of configured accounts. */
export interface LoginControl {
  /** What the account has to log in with, and which of it is in use; empty: nothing. */
  credentials(name: string): readonly CredentialUse[];
  /** Begins a login by device code (RFC 8628). */
  beginLogin(name: string): Promise<DeviceCode | DeviceRefusal>;
  /** Whether somebody has consented; rejects with StoreError when the token cannot be kept. */
  pollLogin(name: string): Promise<DeviceProgress>;
}

/** What accounts log in with: reading it at start, changing it while mail flows. */
export interface Logins {
  /** At start, before the settings in force are asked for. */
  resume(): Promise<void>;
  /** At start and after a reload: next passwords are tried. */
  look(): void;
  /** The account has other credentials: its connections are replaced one by one. */
  changed(account: Account): void;
  /** The password in use is refused, and the next one was refused before: it may work by now. */
  refused(name: string): void;
  /** An operator says it was mended. */
  mended(name: string): void;
  readonly control: LoginControl;
  /** Resolves when no login is tried any more and all that is known is kept. */
  stop(): Promise<void>;
}

export function openLogins(
  parts: LoginParts,
  credentials: CredentialsInUse,
  keptTokens: KeptTokens,
): Logins {
  const { deps, pool, states, dispatcher } = parts;
  const { settings, clock, emit } = deps;
  const nextPasswords = new NextPasswords({
    settings,
    credentials,
    emit,
    tryLogin: (account, signal) => tryLogin(account, parts, signal),
    mayTry: (name) => mayTry(dispatcher.lane(name).state, clock()),
  });
  const devices = new DeviceLogins({
    clock,
    signal: pool.aborted,
    async onLogin(account, refreshToken) {
      await keptTokens.loggedIn(account, refreshToken);
      emit({ is: 'account.logged-in', account: account.name });
      credentials.loggedIn(account.name);
    },
  });
  return {
    async resume() {
      await keptTokens.resume();
      await credentials.resume();
    },
    look: () => nextPasswords.look('at-once'),
    changed(account) {
      const { name } = account;
      pool.follow(settings().accounts);
      states.reloaded(dispatcher.lane(name), account);
      nextPasswords.look('later');
      dispatcher.wake(name, clock());
    },
    refused: (name) => nextPasswords.hurry(name),
    mended(name) {
      credentials.forgive(name);
      nextPasswords.again(name);
    },
    control: {
      credentials: (name) => credentials.uses(name),
      beginLogin: (name) => devices.begin(accountNamed(settings(), name)),
      pollLogin: (name) => devices.poll(accountNamed(settings(), name)),
    },
    async stop() {
      await nextPasswords.stop();
      await credentials.stop();
    },
  };
}

/** An account that was stopped for another cause than its credentials is left alone. */
function mayTry(state: AccountState, nowMs: number): boolean {
  return mayWork(state, nowMs) || (state.is === 'held' && state.reason === 'credentials');
}

/** Connects, secures, logs in and leaves, on a connection of its own; null: it was accepted. */
async function tryLogin(
  account: Account,
  { deps, pool, certificates }: LoginParts,
  stopped: AbortSignal,
): Promise<Refusal | null> {
  const { clock, settings } = deps;
  const opened = await openConnection({
    account,
    hostname: settings().hostname,
    clock,
    emit: () => {},
    onCertificate: certificates.saw,
    signal: AbortSignal.any([pool.aborted, stopped]),
    tokens: pool.tokens,
  });
  if ('refusal' in opened) return opened.refusal;
  opened.connection.close('tested');
  return null;
}
