import type { RelayEvent } from '../relay/events.ts';
import type { Settled } from './settler.ts';

/** What a settlement has to say, one event per recipient that something happened to. */
export function settledEvents({ work, decisions, attempt }: Settled, nowMs: number): RelayEvent[] {
  const { message } = work;
  const waitedMs = Math.max(0, nowMs - message.acceptedAtMs);
  return decisions.flatMap(({ recipient, becomes, reason, text, told, outcome }): RelayEvent[] => {
    if (told === null) return [];
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
        attempts: recipient.attempts + (outcome === null ? 0 : 1),
        nextAtMs: waits ? becomes.dueAtMs : null,
        waitedMs,
      },
    ];
  });
}
