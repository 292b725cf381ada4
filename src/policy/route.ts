import { addressMatcher } from '../relay/address-pattern.ts';
import type { Message } from '../relay/message.ts';
import type { Route } from '../relay/route.ts';
import type { Settings } from '../relay/settings.ts';

export interface RouteQuery {
  /** See `routingSender`. */
  readonly sender: string;
  readonly client: string;
  /** Null: not known yet; no route with a recipient condition matches then. */
  readonly recipient: string | null;
  /** Keys in lower case. Null: not known yet; no route with a header condition matches then. */
  readonly headers: Readonly<Record<string, string>> | null;
}

/** The first route whose conditions all hold; null when none does. */
export function routeFor(routes: readonly Route[], query: RouteQuery): Route | null {
  const isSender = addressMatcher(query.sender);
  const isRecipient = query.recipient === null ? never : addressMatcher(query.recipient);
  return (
    routes.find(
      (route) =>
        (route.client === null || route.client === query.client) &&
        (route.sender === null || isSender(route.sender)) &&
        (route.recipient === null || isRecipient(route.recipient)) &&
        (route.header === null || headersMatch(route.header, query.headers)),
    ) ?? null
  );
}

const never = (): boolean => false;

/** What is certain at MAIL, before recipients and header are known. */
export type RouteAtMail =
  | { readonly is: 'may' }
  | { readonly is: 'reject'; readonly text: string }
  | { readonly is: 'none' };

/**
 * Whether any route could still take the message. `sender` null: the reverse-path is null, so the
 * From field decides later and every sender condition may hold.
 */
export function routeAtMail(
  routes: readonly Route[],
  query: { readonly sender: string | null; readonly client: string },
): RouteAtMail {
  const isSender = query.sender === null ? null : addressMatcher(query.sender);
  for (const route of routes) {
    if (route.client !== null && route.client !== query.client) continue;
    if (route.sender !== null && isSender?.(route.sender) === false) continue;
    if (route.action.is !== 'reject') return { is: 'may' };
    const certain =
      route.recipient === null &&
      route.header === null &&
      (query.sender !== null || route.sender === null || route.sender === '*');
    if (certain) return { is: 'reject', text: route.action.text };
  }
  return { is: 'none' };
}

/**
 * The only account that the message can leave through, whatever its recipients and header; null
 * when there are several, or when it may be held, discarded or rewritten.
 */
export function onlyAccountAtMail(
  routes: readonly Route[],
  query: { readonly sender: string; readonly client: string },
): string | null {
  const isSender = addressMatcher(query.sender);
  let only: string | null = null;
  for (const route of routes) {
    if (route.client !== null && route.client !== query.client) continue;
    if (route.sender !== null && !isSender(route.sender)) continue;
    if (route.action.is !== 'reject') {
      // Whether it is rewritten may hang on the From field.
      const lane = (route.edits?.rewrite ?? null) === null ? laneOf(route) : null;
      if (lane === null || (only !== null && only !== lane)) return null;
      only = lane;
    }
    if (route.recipient === null && route.header === null) break;
  }
  return only;
}

/** The account whose lane a route puts its mail into; null when it goes to none. */
export function laneOf(route: Route | null): string | null {
  return route?.action.is === 'accounts' ? (route.action.accounts[0] ?? null) : null;
}

/** The address routes go by: the reverse-path; for the null reverse-path the From field. */
export function routingSender(facts: {
  readonly routeSender: string | null;
  readonly reversePath: string;
  readonly from: string | null;
}): string {
  return facts.routeSender ?? (facts.reversePath || (facts.from ?? ''));
}

/** Recipients of one message that share a fate. */
export interface LanePlan {
  /** Into the recipients asked about, ascending. */
  readonly indexes: readonly number[];
  /** Account; null unless the action is `deliver` (or `hold` of a bound account that is gone). */
  readonly lane: string | null;
  readonly action: 'deliver' | 'hold' | 'discard' | 'reject';
  /** Why it is held, or what the client is told at `reject`; '' otherwise. */
  readonly text: string;
  readonly lifetimeMs: number;
  /** What decides; null for a bound account or without a route. */
  readonly route: Route | null;
}

export interface PlanFacts {
  readonly client: string;
  /** See `routingSender`. */
  readonly sender: string;
  readonly boundAccount: string | null;
  readonly recipients: readonly string[];
  /** Keys in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Groups recipients by what becomes of them, in the order of their first recipient. */
export function planLanes(
  settings: Pick<Settings, 'routes' | 'accounts' | 'queue'>,
  facts: PlanFacts,
): readonly LanePlan[] {
  const groups = new Map<string, LanePlan & { indexes: number[] }>();
  facts.recipients.forEach((recipient, index) => {
    const fate = fateOf(settings, facts, recipient);
    const { action, lane, text, lifetimeMs, route } = fate;
    const key = JSON.stringify([action, lane, text, lifetimeMs, route?.edits, route?.bcc]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...fate, indexes: [index] });
    else group.indexes.push(index);
  });
  return [...groups.values()];
}

/** `planLanes` for a message as the queue holds it, for instance after a reload. */
export function planMessage(
  settings: Pick<Settings, 'routes' | 'accounts' | 'queue'>,
  message: Message,
): readonly LanePlan[] {
  const { recipients } = message.envelope;
  // A copy goes the way of the message it is one of.
  const main = recipients.find(({ blind }) => blind !== true);
  return planLanes(settings, {
    client: message.client,
    sender: routingSender({ ...message, reversePath: message.envelope.reversePath }),
    boundAccount: message.boundAccount,
    recipients: recipients.map((one) => (one.blind === true && main ? main : one).forwardPath),
    headers: message.routeHeaders,
  });
}

type Fate = Omit<LanePlan, 'indexes'>;

function fateOf(
  settings: Pick<Settings, 'routes' | 'accounts' | 'queue'>,
  facts: PlanFacts,
  recipient: string,
): Fate {
  if (facts.boundAccount !== null) return boundFate(settings, facts.boundAccount);
  const { client, sender, headers } = facts;
  const route = routeFor(settings.routes, { client, sender, headers, recipient });
  const lifetimeMs = route?.lifetimeMs ?? settings.queue.lifetimeMs;
  const plain = { lane: null, text: '', lifetimeMs, route } as const;
  if (route === null) {
    return { ...plain, action: 'reject', text: noRouteText(facts.sender, recipient) };
  }
  switch (route.action.is) {
    case 'accounts':
      return { ...plain, action: 'deliver', lane: laneOf(route) };
    case 'discard':
      return { ...plain, action: 'discard' };
    case 'hold':
      return { ...plain, action: 'hold', text: `held by route ${route.index}` };
    case 'reject':
      return { ...plain, action: 'reject', text: route.action.text };
  }
}

/** A session that logged in as an account stays with it, whatever the routes say. */
function boundFate(settings: Pick<Settings, 'accounts' | 'queue'>, account: string): Fate {
  const { lifetimeMs } = settings.queue;
  const plain = { lifetimeMs, route: null } as const;
  if (settings.accounts.has(account)) {
    return { ...plain, action: 'deliver', lane: account, text: '' };
  }
  const text = `account ${account}, which it was submitted through, is no longer configured`;
  return { ...plain, action: 'hold', lane: null, text };
}

export function noRouteText(sender: string, recipient: string | null): string {
  const whom = sender === '' ? 'a message without sender' : sender;
  return `no route for ${whom}${recipient === null ? '' : ` to ${recipient}`}`;
}

/** Every named field is there with that value; letter case and outer white space do not count. */
function headersMatch(
  conditions: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> | null,
): boolean {
  return Object.entries(conditions).every(([name, wanted]) => {
    const value = headers?.[name.toLowerCase()];
    return value !== undefined && value.trim().toLowerCase() === wanted.trim().toLowerCase();
  });
}
