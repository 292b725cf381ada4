import type { StatusDetail } from '../mail/reply.ts';
import type { Account } from '../relay/account.ts';
import { matchesAny } from '../relay/address-pattern.ts';
import type { Client } from '../relay/client.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { Route } from '../relay/route.ts';
import type { Settings } from '../relay/settings.ts';
import { accountsAtMail, noRouteText, routeAtMail } from './route.ts';
import { type Author, foreignAddress, sendsAs } from './sends-as.ts';

/**
 * A session that logged in with an account's own credentials (`account_login`) and stays with that
 * account.
 */
export interface BoundAccount {
  readonly account: Account;
}

/** A reply the client gets instead of 250, and why, for the event. */
export interface Refusal {
  readonly code: number;
  readonly detail: StatusDetail;
  /** One line of printable ASCII. */
  readonly text: string;
  readonly why: RefusalReason;
}

/**
 * RFC 6409 section 6.1 at MAIL: may this session use the reverse-path, and is there a route at all?
 * And of the accounts that can be meant: may any send it? The null reverse-path is nobody's: the
 * From field is checked in its place after DATA.
 */
export function admitReversePath(
  settings: Pick<Settings, 'routes' | 'accounts'>,
  client: Client | BoundAccount,
  reversePath: string,
): Refusal | null {
  if (reversePath !== '' && !mayUse(client, reversePath)) {
    const text = `${nameOf(client)} may not use ${reversePath} as reverse-path`;
    return refusal(553, '7.1', text, whyNot(client, 'sender-not-allowed'));
  }
  if ('account' in client) return null;
  const sender = reversePath === '' ? null : reversePath;
  const answer = routeAtMail(settings.routes, { sender, client: client.name });
  if (answer.is === 'may') {
    const names = sender && accountsAtMail(settings.routes, { sender, client: client.name });
    const accounts = (names || []).flatMap((name) => settings.accounts.get(name) ?? []);
    return admitThroughAny(accounts, { reversePath, from: [] });
  }
  const text = answer.is === 'reject' ? answer.text : noRouteText(reversePath, null);
  return refusal(550, '7.1', text, 'no-route');
}

/**
 * RFC 6409 section 6.3 after DATA: every address of the From field must be the session's to use.
 * `from` is null when the field is missing or unreadable. A session that may use any address has
 * nothing to hide, so its mail passes unread; for the others a missing field is a syntax error of
 * the message (RFC 5322 section 3.6: exactly one From), which RFC 6409 section 6.3 answers with
 * 554.
 */
export function admitFrom(
  client: Client | BoundAccount,
  from: string | null,
  allFromAddresses: readonly string[],
): Refusal | null {
  if (patternsOf(client).includes('*')) return null;
  if (from === null && allFromAddresses.length === 0) {
    const text = 'the From field is missing or cannot be read, so nobody can say whose mail it is';
    return refusal(554, '6.0', text, 'from-not-allowed');
  }
  const addresses = allFromAddresses.length > 0 ? allFromAddresses : [from ?? ''];
  const foreign = addresses.find((address) => !mayUse(client, address));
  if (foreign === undefined) return null;
  const text = `${nameOf(client)} may not use ${foreign} in the From field`;
  return refusal(550, '7.1', text, whyNot(client, 'from-not-allowed'));
}

/**
 * Whether the account that the message leaves through may send as its reverse-path and every
 * address of its From field, or as what the route rewrites them to. The provider would refuse it
 * later, when the application is gone.
 */
export function admitThrough(
  account: Account,
  author: Author,
  route: Pick<Route, 'edits'> | null = null,
): Refusal | null {
  const foreign = foreignAddress(account, sendsAs(account, route, author));
  if (foreign === null) return null;
  return refusal(550, '7.1', `account ${account.name} may not send as ${foreign}`, 'identity');
}

/** Refused when none of them may; several are tried in turn. */
export function admitThroughAny(
  accounts: readonly Account[],
  author: Author,
  route: Pick<Route, 'edits'> | null = null,
): Refusal | null {
  const [first, ...others] = accounts.map((account) => admitThrough(account, author, route));
  return others.includes(null) ? null : (first ?? null);
}

function mayUse(client: Client | BoundAccount, address: string): boolean {
  return matchesAny(patternsOf(client), address);
}

function patternsOf(client: Client | BoundAccount): readonly string[] {
  if (!('account' in client)) return client.senders;
  const { identities } = client.account;
  return identities.length === 0 ? ['*'] : identities;
}

function nameOf(client: Client | BoundAccount): string {
  return 'account' in client ? `account ${client.account.name}` : `client ${client.name}`;
}

function whyNot(client: Client | BoundAccount, why: RefusalReason): RefusalReason {
  return 'account' in client ? 'identity' : why;
}

/**
 * Addresses are the client's bytes: a reply shows only printable ASCII of them, and not without
 * end.
 */
function refusal(code: number, detail: StatusDetail, text: string, why: RefusalReason): Refusal {
  return { code, detail, text: text.replace(/[^\x20-\x7e]/g, '?').slice(0, textMax), why };
}

/**
 * RFC 5321 section 4.5.3.1.5: a reply line has 512 octets; code and enhanced status take their
 * part.
 */
const textMax = 480;
