import type { Account } from '../relay/account.ts';
import type { Message } from '../relay/message.ts';
import type { Route } from '../relay/route.ts';
import { type Author, authorOf, foreignAddress, sendsAs } from './sends-as.ts';

/** As whom a message is sent, and how large it is. */
export interface Sending extends Author {
  /** A notification of ours: it leaves the way its sender's mail takes. */
  readonly own: boolean;
  readonly bytes: number;
}

export function sendingOf(message: Message): Sending {
  const { routeSender, bytes } = message;
  return { ...authorOf(message), own: routeSender !== null, bytes };
}

/**
 * The accounts of a route that may take the message, in its order: `identities` cover its sender,
 * as it is or as the route rewrites it, and of those the ones it is not too large for, if there are
 * any. None: nobody may send it.
 */
export function candidates(
  names: readonly string[],
  accounts: ReadonlyMap<string, Account>,
  sending: Sending,
  route: Pick<Route, 'edits'> | null = null,
): readonly string[] {
  const may = names.filter((name, place) => {
    const account = accounts.get(name);
    if (account === undefined) return false;
    const shown = sendsAs(account, route, sending);
    return (sending.own && place === 0) || foreignAddress(account, shown) === null;
  });
  if (may.length < 2) return may;
  const fit = may.filter((name) => {
    const bytesMax = accounts.get(name)?.limits.messageBytes ?? null;
    return bytesMax === null || sending.bytes <= bytesMax;
  });
  return fit.length === 0 ? may : fit;
}
