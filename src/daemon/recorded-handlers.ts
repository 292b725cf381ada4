import type { ControlHandlers } from '../control/wire.ts';
import type { RecordedMessage } from '../policy/recorded-way.ts';
import type { Message } from '../relay/message.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { QueuedRecipient } from '../relay/queue.ts';
import { historySince } from './history-pages.ts';

/** What is recorded of mail, page by page, for trying another configuration on it. */
export function recordedHandlers(store: QueueStore): Pick<ControlHandlers, 'message.recorded'> {
  return {
    async 'message.recorded'({ part, sinceMs, after, limit }) {
      if (part === 'queue') {
        const { rows, next } = await store.list({ filter: {}, after, limit });
        const messages = rows.flatMap((row) => recorded(row.message, row.recipients) ?? []);
        return { messages, next };
      }
      const { entries, next } = await historySince(store, { sinceMs, before: after, limit });
      const messages = entries.flatMap(({ message, settledAtMs }) =>
        // Until then it is in the queue as well.
        settledAtMs === null ? [] : (recorded(message, null) ?? []),
      );
      return { messages, next };
    },
  };
}

/**
 * Null when no recipient is left to route: copies follow the message, and what may have arrived or is
 * being sent stays with its account. `queued` null: it is settled.
 */
function recorded(
  message: Message,
  queued: readonly QueuedRecipient[] | null,
): RecordedMessage | null {
  const { id, client, envelope, from, alsoFrom = [], boundAccount, routeSender } = message;
  const open = queued?.filter(({ state }) => state === 'waiting' || state === 'held');
  const indexes = open && new Set(open.map(({ index }) => index));
  const recipients = envelope.recipients
    .filter(({ blind }, index) => blind !== true && (indexes?.has(index) ?? true))
    .map(({ forwardPath }) => forwardPath);
  if (recipients.length === 0) return null;
  const { reversePath } = envelope;
  const { routeHeaders, acceptedAtMs, bytes } = message;
  const path = { reversePath, recipients, from, alsoFrom };
  const routing = { boundAccount, routeSender, routeHeaders };
  return { id, client, ...path, ...routing, acceptedAtMs, bytes, waiting: queued !== null };
}
