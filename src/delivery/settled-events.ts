import type { RelayEvent } from '../relay/events.ts';
import type { Body } from '../relay/message.ts';
import type { AttemptRecord, KeptDialogue, NewMessage, Work } from '../relay/queue.ts';
import { tracedAs } from '../relay/trace-context.ts';
import type { Decision } from './disposition.ts';

/** The end of a lease for some recipients of one message. */
export interface Settled {
  readonly work: Work;
  readonly decisions: readonly Decision[];
  /** Null when nothing was tried. */
  readonly attempt: AttemptRecord | null;
  /** Null: nothing failed, or nothing was said. */
  readonly dialogue: KeptDialogue | null;
  /** When it is still at hand. */
  readonly body: Body | null;
  /** Slot in the dot ledger, when the final dot went out. */
  readonly dotSlot: number | null;
}

/** What a settlement has to say of one recipient; null: nothing happened to it. */
export function settledEvent(
  { work: { message }, attempt }: Settled,
  { recipient, becomes, reason, text, told, outcome }: Decision,
  nowMs: number,
): RelayEvent | null {
  if (told === null) return null;
  const result = attempt?.results.find(({ index }) => index === recipient.index);
  const waits = becomes.is === 'waiting' || becomes.is === 'in-doubt';
  const event: RelayEvent = {
    is: 'recipient.settled',
    id: message.id,
    account: attempt?.account ?? recipient.lane,
    recipient: message.envelope.recipients[recipient.index]?.forwardPath ?? '',
    outcome: told,
    reason,
    text,
    authenticatedAs: attempt?.authenticatedAs ?? null,
    peer: attempt?.peer ?? null,
    tls: attempt?.tls ?? null,
    attempts: recipient.attempts + (attempt === null || outcome === null ? 0 : 1),
    nextAtMs: waits ? becomes.dueAtMs : null,
    waitedMs: Math.max(0, nowMs - message.acceptedAtMs),
  };
  const providerId = result?.providerId;
  // A copy is made only where there is something to add.
  if (providerId === undefined && message.trace === undefined) return event;
  return { ...event, ...(providerId === undefined ? {} : { providerId }), ...tracedAs(message) };
}

/** A message of the relay's own is durable in the queue: a notification, or a test. */
export function ownAccepted(
  { message, lane }: Pick<NewMessage, 'message' | 'lane'>,
  nowMs: number,
): RelayEvent {
  const { trace } = message;
  return {
    is: 'message.accepted',
    id: message.id,
    client: 'relayd',
    reversePath: message.envelope.reversePath,
    recipients: message.envelope.recipients.length,
    bytes: message.bytes,
    lane,
    messageIdField: message.messageIdField,
    protocol: 'local',
    remote: 'local',
    tookMs: Math.max(0, nowMs - message.acceptedAtMs),
    ...(trace === undefined ? {} : { trace: { ...trace, begins: false } }),
  };
}
