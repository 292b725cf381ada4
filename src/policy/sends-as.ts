import type { Account } from '../relay/account.ts';
import { matchesAny } from '../relay/address-pattern.ts';
import type { Message } from '../relay/message.ts';
import type { Route } from '../relay/route.ts';

/** Whose mail it is, for the account that is to send it. */
export interface Author {
  /** '' is the null reverse-path. */
  readonly reversePath: string;
  /** Every address of the From field; empty: there is none that can be read. */
  readonly from: readonly string[];
}

export function authorOf({ envelope, from, alsoFrom = [] }: Message): Author {
  return { reversePath: envelope.reversePath, from: from === null ? [] : [from, ...alsoFrom] };
}

/**
 * Who an account would send the message as under the route's `rewrite`: `author` itself where
 * nothing is rewritten. Nothing is rewritten to an address that the account may not use, and the
 * null reverse-path stays what it is (RFC 5321 section 4.5.5).
 */
export function sendsAs(
  account: Pick<Account, 'identities'>,
  route: Pick<Route, 'edits'> | null,
  author: Author,
): Author {
  const rewrite = route?.edits?.rewrite ?? null;
  if (rewrite === null || !maySendAs(account, rewrite.from)) return author;
  if (rewrite.when === 'unauthorized' && foreignAddress(account, author) === null) return author;
  return { reversePath: author.reversePath === '' ? '' : rewrite.from, from: [rewrite.from] };
}

/** The first of the author's addresses that the account may not use; null: it may send as it. */
export function foreignAddress(
  account: Pick<Account, 'identities'>,
  { reversePath, from }: Author,
): string | null {
  const addresses = reversePath === '' ? from : [reversePath, ...from];
  return addresses.find((address) => !maySendAs(account, address)) ?? null;
}

/** An account without identities may send as anybody. */
function maySendAs({ identities }: Pick<Account, 'identities'>, address: string): boolean {
  return identities.length === 0 || matchesAny(identities, address);
}
