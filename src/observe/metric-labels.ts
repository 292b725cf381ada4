import type { AccountState } from '../relay/account.ts';
import type { SessionRefusal } from '../relay/events.ts';
import type { Phase } from '../relay/outcome.ts';
import type { StoreError } from '../relay/ports.ts';
import type { RecipientState } from '../relay/queue.ts';
import type { Counts } from '../relay/quota-rate.ts';

/** The members of a union as values; a member that is missing here does not compile. */
function membersOf<Member extends string>(members: Record<Member, true>): readonly Member[] {
  return Object.keys(members) as Member[];
}

export const PHASES = membersOf<Phase>({
  connect: true,
  greeting: true,
  ehlo: true,
  starttls: true,
  auth: true,
  mail: true,
  rcpt: true,
  data: true,
  'end-of-data': true,
  quit: true,
});
export const SESSION_REFUSALS = membersOf<SessionRefusal>({
  connections: true,
  'per-client': true,
  draining: true,
  'per-address': true,
  reserved: true,
  commands: true,
  logins: true,
  tls: true,
  timeout: true,
  slow: true,
});
export const RECIPIENT_STATES = membersOf<RecipientState>({
  waiting: true,
  leased: true,
  'in-doubt': true,
  held: true,
  quarantined: true,
});
export const STORE_FAULTS = membersOf<StoreError['fault'] | 'other'>({
  full: true,
  io: true,
  closed: true,
  other: true,
});
/** What is asked for by itself at a scrape, and can be missing by itself. */
export const SCRAPE_PARTS = ['queue', 'accounts', 'store', 'disk', 'process'] as const;
/** As in `limits.rate`. */
export const QUOTA_WINDOWS = ['s', 'm', 'h', 'd'] as const;
export const QUOTA_COUNTS = membersOf<Counts>({ messages: true, recipients: true });
export const ACCOUNT_STATES = membersOf<AccountState['is']>({
  open: true,
  paused: true,
  held: true,
});

/**
 * The values a label can take. `clients` and `accounts`: the names in relay.yaml, `other` for any
 * name that is not there (what a stranger writes never becomes a label), `none` where there is no
 * account. `destinations`: `webhook1`, `command2`, by their place in relay.yaml. `text`: one value for
 * the life of the process.
 */
export type LabelValues = 'clients' | 'accounts' | 'destinations' | 'text' | readonly string[];

/** The names in relay.yaml now; a reload may change them. */
export interface KnownNames {
  readonly clients: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
}

export const OTHER = 'other';
export const NONE = 'none';

export function clientLabel(known: KnownNames, name: string): string {
  return known.clients.has(name) ? name : OTHER;
}

export function accountLabel(known: KnownNames, name: string | null): string {
  if (name === null) return NONE;
  return known.accounts.has(name) ? name : OTHER;
}
