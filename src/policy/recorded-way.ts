import type { Account, TlsPolicy } from '../relay/account.ts';
import type { MessageId } from '../relay/message.ts';
import type { Settings } from '../relay/settings.ts';
import { admitFrom, type BoundAccount } from './admit.ts';
import { type LanePlan, planLanes, routingSender } from './route.ts';
import { type Author, sendsAs } from './sends-as.ts';

/** What is recorded of a message that decides about its way. */
export interface RecordedMessage {
  readonly id: MessageId;
  readonly client: string;
  readonly reversePath: string;
  /** Without the copies that a route added. */
  readonly recipients: readonly string[];
  readonly from: string | null;
  readonly alsoFrom: readonly string[];
  readonly boundAccount: string | null;
  readonly routeSender: string | null;
  /** Keys in lower case; only fields that the routes in force then looked at. */
  readonly routeHeaders: Readonly<Record<string, string>>;
  readonly acceptedAtMs: number;
  readonly bytes: number;
  /** It is still in the queue: it was accepted and follows the routes. */
  readonly waiting: boolean;
}

/** What a configuration makes of a recipient, in words that are the same for all like it. */
export interface Way {
  /** `relayed`, `held`, `discarded` or `refused: why`. */
  readonly fate: string;
  /** Null unless it is relayed. */
  readonly through: {
    /** The first of its route that may send it. */
    readonly account: string;
    /** Those that follow when it does not work. */
    readonly fallbacks: readonly string[];
    /** `smtp.gmail.com:587 as erp@velosi.example` */
    readonly server: string;
    /** The address it is rewritten to; null: it stays. */
    readonly rewrittenTo: string | null;
    readonly tls: string;
    readonly copies: readonly string[];
  } | null;
}

/** The way of each recipient, in their order. */
export function waysOf(settings: Settings, message: RecordedMessage): readonly Way[] {
  const ways: Way[] = [];
  const entry = message.waiting ? null : entryRefusal(settings, message);
  for (const plan of plansOf(settings, message)) {
    const way = entry === null ? wayOf(settings, message, plan) : refused(entry);
    for (const index of plan.indexes) ways[index] = way;
  }
  return ways;
}

function plansOf(settings: Settings, message: RecordedMessage): readonly LanePlan[] {
  const { client, boundAccount, routeSender, recipients, bytes } = message;
  return planLanes(settings, {
    client,
    sender: routingSender(message),
    boundAccount,
    author: { ...authorOf(message), own: routeSender !== null, bytes },
    recipients,
    headers: message.routeHeaders,
  });
}

const refused = (why: string): Way => ({ fate: `refused: ${why}`, through: null });

/**
 * Why its client could not hand it over; null when it could. Notifications are our own. The words
 * name no address: each would make another group.
 */
function entryRefusal(settings: Settings, message: RecordedMessage): string | null {
  const { client: name, boundAccount, reversePath, from, bytes } = message;
  if (boundAccount === null && name === 'relayd') return null;
  const client = boundAccount === null ? settings.clients.get(name) : bound(settings, boundAccount);
  if (client === undefined) return `${boundAccount ?? name} may not log in`;
  const ownMax = 'account' in client ? null : client.messageBytesMax;
  if (bytes > Math.min(ownMax ?? Number.POSITIVE_INFINITY, settings.limits.messageBytes)) {
    return 'larger than message_size';
  }
  // Whatever hangs on routes and accounts is decided recipient by recipient.
  if (reversePath !== '' && admitFrom(client, reversePath, [reversePath]) !== null) {
    return 'the client may not use this reverse-path';
  }
  return admitFrom(client, from, authorOf(message).from) === null
    ? null
    : 'the client may not use this From';
}

function bound({ accounts, listeners }: Settings, name: string): BoundAccount | undefined {
  const account = accounts.get(name);
  return account !== undefined && listeners.some(({ accountLogin }) => accountLogin)
    ? { account }
    : undefined;
}

function wayOf(settings: Settings, message: RecordedMessage, plan: LanePlan): Way {
  if (plan.action === 'discard') return { fate: 'discarded', through: null };
  if (plan.action === 'hold') return { fate: 'held', through: null };
  const [first, ...fallbacks] = plan.accounts;
  const account = settings.accounts.get(first ?? '');
  if (plan.action === 'reject' || account === undefined) {
    // What was accepted is not refused any more: an operator decides.
    return message.waiting ? { fate: 'held', through: null } : refused(whyNot(plan));
  }
  const author = authorOf(message);
  const shown = sendsAs(account, plan.route, author);
  return {
    fate: 'relayed',
    through: {
      account: account.name,
      fallbacks,
      server: serverOf(account),
      rewrittenTo: shown === author ? null : (shown.from[0] ?? null),
      tls: tlsInWords(account.tls, account.host),
      copies: plan.route?.bcc ?? [],
    },
  };
}

function whyNot({ action, route }: LanePlan): string {
  if (action === 'deliver') return 'no account of its route may send as this sender';
  return route?.action.is === 'reject' ? route.action.text : 'no route';
}

function authorOf({ reversePath, from, alsoFrom }: RecordedMessage): Author {
  return { reversePath, from: from === null ? [] : [from, ...alsoFrom] };
}

function serverOf({ host, port, username }: Account): string {
  return `${host}:${port}${username === null ? '' : ` as ${username}`}`;
}

/** All of the policy that decides whether a server is good enough. */
function tlsInWords(tls: TlsPolicy, host: string): string {
  if (tls.mode === 'none') return 'none';
  return [
    tls.mode,
    `verify ${tls.verify}`,
    `at least ${tls.minimum}`,
    ...(tls.servername === host ? [] : [`named ${tls.servername}`]),
    ...(tls.ca === null ? [] : ['own authorities']),
    ...tls.pins.map((pin) => `pin ${pin.slice(0, 8)}...`),
    ...(tls.exception === null ? [] : [`tolerates ${tls.exception.allow.join(' and ')}`]),
  ].join(', ');
}
