import type { Account } from '../relay/account.ts';
import type { Message } from '../relay/message.ts';
import { matchesAny } from './address-pattern.ts';

/** As whom a message is sent, and how large it is. */
export interface Author {
  readonly reversePath: string;
  /** Addresses of the From field as far as known. */
  readonly from: readonly string[];
  /** A notification of ours: it leaves the way its sender's mail takes. */
  readonly own: boolean;
  readonly bytes: number;
}

export function authorOf({ envelope, from, routeSender, bytes }: Message): Author {
  const own = routeSender !== null;
  return { reversePath: envelope.reversePath, from: from === null ? [] : [from], own, bytes };
}

/**
 * The accounts of a route that may take the message, in its order: `identities` cover its sender,
 * and of those the ones it is not too large for, if there are any. None: nobody may send it.
 */
export function candidates(
  names: readonly string[],
  accounts: ReadonlyMap<string, Account>,
  author: Author,
): readonly string[] {
  const may = names.filter((name, place) => {
    const account = accounts.get(name);
    return account !== undefined && ((author.own && place === 0) || maySendAs(account, author));
  });
  if (may.length < 2) return may;
  const fit = may.filter((name) => {
    const bytesMax = accounts.get(name)?.limits.messageBytes ?? null;
    return bytesMax === null || author.bytes <= bytesMax;
  });
  return fit.length === 0 ? may : fit;
}

function maySendAs({ identities }: Account, { reversePath, from }: Author): boolean {
  if (identities.length === 0) return true;
  const addresses = reversePath === '' ? from : [reversePath, ...from];
  return addresses.every((address) => matchesAny(identities, address));
}
