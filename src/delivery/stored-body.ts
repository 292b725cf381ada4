import type { EventSink } from '../relay/events.ts';
import type { Body, MessageId } from '../relay/message.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { QueuedRecipient } from '../relay/queue.ts';
import { type Decision, held, putBack } from './disposition.ts';
import { tellStoreFailure } from './store-failure.ts';

/** How long mail rests that the storage failed for. */
export const storageRestMs = 60_000;

/** Null: it is gone. */
export async function readBody(
  { store, emit }: { readonly store: QueueStore; readonly emit: EventSink },
  id: MessageId,
): Promise<Body | null | 'unreadable'> {
  try {
    return await store.body(id);
  } catch (error) {
    tellStoreFailure(emit, error, `body of ${id}`);
    return 'unreadable';
  }
}

/**
 * Without its body a message cannot go: held when the body is gone, tried again when the storage
 * failed.
 */
export function withoutBody(
  recipient: QueuedRecipient,
  body: null | 'unreadable',
  { lane, nowMs }: { readonly lane: string; readonly nowMs: number },
): Decision {
  const detail = 'the stored body is missing';
  if (body === null) {
    return held(recipient, { from: 'us', reason: 'quarantined', detail }, 'internal');
  }
  const back = putBack(recipient, { lane, nowMs });
  if (back.becomes.is !== 'waiting' && back.becomes.is !== 'in-doubt') return back;
  return { ...back, becomes: { ...back.becomes, dueAtMs: nowMs + storageRestMs } };
}
