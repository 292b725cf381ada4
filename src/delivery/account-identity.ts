import type { Account } from '../relay/account.ts';

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
