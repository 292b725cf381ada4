import { assert } from '../lib/assert.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import type { Settings } from '../relay/settings.ts';
import type { Connection } from './connection.ts';

/** Whoever asks has found the name in the configuration in force. */
export function accountNamed({ accounts }: Pick<Settings, 'accounts'>, name: string): Account {
  const account = accounts.get(name);
  assert(account !== undefined, `no account ${name} in the configuration in force`);
  return account;
}

/**
 * Whether a connection of one may serve the other: everything is equal but the place in the file.
 */
export function sameAccount(a: Account, b: Account): boolean {
  return a === b || fingerprint(a) === fingerprint(b);
}

/**
 * A secret prints as `[secret]`: the password counts through the credential version, the key and
 * the proxy's password as they are.
 */
function fingerprint(account: Account): string {
  const key = account.tls.key?.reveal() ?? null;
  const proxy = account.proxy?.login?.password.reveal() ?? null;
  return JSON.stringify([{ ...account, at: null }, key, proxy]);
}

/** Whether it has something to log in with: then it never goes on without AUTH. */
export function logsIn({ auth, username, password, oauth2 }: Account): boolean {
  if (auth === 'none' || username === null) return false;
  return (auth === 'xoauth2' ? oauth2 : password) !== null;
}

/**
 * Promise 3 of the design: a message never leaves as somebody else. A mismatch is a bug and ends the
 * process.
 */
export function checkIdentity(
  expected: Account,
  { account, authenticatedAs }: Connection,
  { id, emit }: { readonly id: MessageId; readonly emit: EventSink },
): void {
  const { name, credentialVersion, username } = expected;
  const same =
    account.name === name &&
    account.credentialVersion === credentialVersion &&
    authenticatedAs === (logsIn(expected) ? username : null);
  if (same) return;
  const as = authenticatedAs ?? account.name;
  emit({ is: 'account.misrouted', account: name, authenticatedAs: as, id });
  assert(false, `message ${id} for account ${name} met a session of ${as}`);
}
