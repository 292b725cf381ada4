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
  /** Absent: nothing failed, or nothing was said. */
  readonly dialogue?: KeptDialogue;
  /** When it is still at hand. */
  readonly body: Body | null;
  /** Slot in the dot ledger, when the final dot went out. */
  readonly dotSlot: number | null;
}

/** What a settlement has to say, one event per recipient that something happened to. */
export function settledEvents({ work, decisions, attempt }: Settled, nowMs: number): RelayEvent[] {
  const { message } = work;
  const waitedMs = Math.max(0, nowMs - message.acceptedAtMs);
  const traced = tracedAs(message);
  return decisions.flatMap(({ recipient, becomes, reason, text, told, outcome }): RelayEvent[] => {
    if (told === null) return [];
    const { providerId } = attempt?.results.find(({ index }) => index === recipient.index) ?? {};
    const waits = becomes.is === 'waiting' || becomes.is === 'in-doubt';
    return [
      {
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
        waitedMs,
        ...(providerId === undefined ? {} : { providerId }),
        ...traced,
      },
    ];
  });
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
