import type { MessageId } from '../relay/message.ts';
import { messageIdFirstAt } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { HistoryEntry } from '../relay/queue.ts';

interface HistoryAsk {
  readonly sinceMs: number;
  readonly before: MessageId | null;
  readonly limit: number;
}

/**
 * Mail accepted at or after `sinceMs`, the newest first; `next` null: there is no more of it. It is a
 * range of the key, because ids grow with time.
 */
export async function historySince(
  store: Pick<QueueStore, 'history'>,
  { sinceMs, before, limit }: HistoryAsk,
): Promise<{ readonly entries: readonly HistoryEntry[]; readonly next: MessageId | null }> {
  const page = await store.history({ limit, before });
  const last = page.at(-1)?.message.id ?? null;
  const over = last === null || page.length < limit || last < messageIdFirstAt(sinceMs);
  const entries = page.filter(({ message }) => message.acceptedAtMs >= sinceMs);
  return { entries, next: over ? null : last };
}
