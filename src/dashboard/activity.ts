import { type CounterRing, counterRing } from '../lib/counter-ring.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { Message } from '../relay/message.ts';
import type { AttemptRecord } from '../relay/queue.ts';

/** What an upstream said last to an account, or what came in the place of a reply. */
export interface LastReply {
  readonly atMs: number;
  readonly text: string;
  readonly outcome: Settled['outcome'];
}

/** What one client has sent in the last day. */
export interface ClientActivity {
  readonly messages: number;
  readonly messagesLastHour: number;
  readonly recipients: number;
  readonly bytes: number;
  readonly refused: number;
  readonly loginsFailed: number;
  readonly lastAtMs: number | null;
}

/** Recipients of one account that were not delivered in the last day, by one class of causes. */
export interface Failures {
  readonly account: string | null;
  readonly reason: string;
  readonly deferred: number;
  readonly bounced: number;
  readonly last: LastReply;
}

export interface Activity {
  readonly sink: EventSink;
  /** What came in before the daemon started, as the history has it. */
  recall(
    message: Pick<Message, 'client' | 'acceptedAtMs' | 'bytes' | 'envelope'>,
    attempts: readonly AttemptRecord[],
  ): void;
  lastReply(account: string): LastReply | null;
  /** Null: nothing since the daemon started. */
  client(name: string): ClientActivity | null;
  failures(): readonly Failures[];
}

/** Names come from the configuration, which bounds them; so many are kept besides, should it change. */
const namesMax = 2_000;
const slotMs = 600_000;
/** A day, and the slot that runs. */
const slots = 145;

const slotOf = (atMs: number): number => Math.floor(atMs / slotMs);

type Accepted = Pick<
  Extract<RelayEvent, { is: 'message.accepted' }>,
  'client' | 'recipients' | 'bytes'
>;
type Settled = Extract<RelayEvent, { is: 'recipient.settled' }>;
type ClientCount = 'messages' | 'recipients' | 'bytes' | 'refused' | 'loginsFailed';

interface ClientRings extends Record<ClientCount, CounterRing> {
  lastAtMs: number | null;
}

interface FailureRings extends Pick<Failures, 'account' | 'reason'> {
  readonly deferred: CounterRing;
  readonly bounced: CounterRing;
  last: LastReply;
}

/** Folds events into what the dashboard says of clients, replies and failures. */
export function openActivity(
  nowMs: () => number,
  known: () => { readonly clients: ReadonlySet<string> },
): Activity {
  const replies = new Map<string, LastReply>();
  const clients = new Map<string, ClientRings>();
  const failures = new Map<string, FailureRings>();
  const slot = (): number => slotOf(nowMs());
  const lastDay = (ring: CounterRing): number => ring.sum(slot() - slots + 1, slot());
  /** Guessed names cost no memory. */
  const clientOf = (name: string): ClientRings | null => {
    const rings = clients.get(name);
    if (rings !== undefined) return rings;
    if (!known().clients.has(name)) return null;
    return kept(clients, name, clientRings());
  };

  const settled = (event: Settled): void => {
    const { account, outcome, reason, text } = event;
    const last = { atMs: nowMs(), text, outcome };
    // What an operator did is no reply.
    if (account !== null && event.peer !== null) kept(replies, account, last);
    const bounced = outcome === 'bounced';
    if (!bounced && outcome !== 'deferred' && outcome !== 'in-doubt' && outcome !== 'held') return;
    const key = JSON.stringify([account, reason]);
    const rings =
      failures.get(key) ?? kept(failures, key, { account, reason, last, ...failureRings() });
    rings.last = last;
    rings[bounced ? 'bounced' : 'deferred'].add(slot());
  };

  const accepted = ({ client, recipients, bytes }: Accepted, atMs: number): void => {
    const rings = clientOf(client);
    if (rings === null) return;
    const at = slotOf(atMs);
    rings.messages.add(at);
    rings.recipients.add(at, recipients);
    rings.bytes.add(at, bytes);
    rings.lastAtMs = Math.max(rings.lastAtMs ?? 0, atMs);
  };

  return {
    recall({ client, acceptedAtMs, bytes, envelope }, attempts) {
      accepted({ client, bytes, recipients: envelope.recipients.length }, acceptedAtMs);
      for (const { account, startedAtMs, tookMs, results } of attempts) {
        const atMs = startedAtMs + tookMs;
        const last = results.at(-1);
        if (last === undefined || atMs <= (replies.get(account)?.atMs ?? 0)) continue;
        kept(replies, account, { atMs, text: last.text, outcome: last.outcome });
      }
    },
    sink(event) {
      switch (event.is) {
        case 'message.accepted':
          return accepted(event, nowMs());
        case 'message.refused':
          return clientOf(event.client)?.refused.add(slot());
        case 'login.failed':
          return clientOf(event.client)?.loginsFailed.add(slot());
        case 'recipient.settled':
          return settled(event);
        default:
      }
    },
    lastReply: (account) => replies.get(account) ?? null,
    client(name) {
      const rings = clients.get(name);
      if (rings === undefined) return null;
      return {
        messages: lastDay(rings.messages),
        messagesLastHour: rings.messages.sum(slot() - 5, slot()),
        recipients: lastDay(rings.recipients),
        bytes: lastDay(rings.bytes),
        refused: lastDay(rings.refused),
        loginsFailed: lastDay(rings.loginsFailed),
        lastAtMs: rings.lastAtMs,
      };
    },
    failures: () =>
      [...failures.values()]
        .map(({ account, reason, last, deferred, bounced }) => {
          return { account, reason, last, deferred: lastDay(deferred), bounced: lastDay(bounced) };
        })
        .filter(({ deferred, bounced }) => deferred + bounced > 0),
  };
}

/** The oldest goes when there are too many. */
function kept<T>(map: Map<string, T>, key: string, value: T): T {
  map.set(key, value);
  const oldest = map.size > namesMax ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
  return value;
}

function clientRings(): ClientRings {
  const ring = (): CounterRing => counterRing(slots);
  return {
    messages: ring(),
    recipients: ring(),
    bytes: ring(),
    refused: ring(),
    loginsFailed: ring(),
    lastAtMs: null,
  };
}

function failureRings(): Pick<FailureRings, 'deferred' | 'bounced'> {
  return { deferred: counterRing(slots), bounced: counterRing(slots) };
}
