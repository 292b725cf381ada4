import type { HistoryEvent } from '../../src/relay/history-event.ts';
import type { Message, MessageId } from '../../src/relay/message.ts';
import type { ReasonClass } from '../../src/relay/outcome.ts';
import type { AttemptRecord, HistoryEntry, KeptDialogue } from '../../src/relay/queue.ts';

export interface MemoryHistory {
  attempt(message: Message, attempt: AttemptRecord): void;
  event(message: Message, event: HistoryEvent): void;
  dialogue(message: Message, dialogue: KeptDialogue): void;
  all(): HistoryEntry[];
  settled(message: Message, result: HistoryEntry['recipients'][number]): void;
  completed(id: MessageId, atMs: number): void;
  get(id: MessageId): HistoryEntry | null;
  page(limit: number, before: MessageId | null): HistoryEntry[];
  expire(beforeMs: number): number;
}

export function result(
  index: number,
  outcome: string,
  rest: { reason: ReasonClass; text: string; atMs: number; account?: string },
): HistoryEntry['recipients'][number] {
  return { index, outcome, ...rest };
}

/** What the history database keeps, in a map. */
export function memoryHistory(): MemoryHistory {
  const entries = new Map<MessageId, HistoryEntry>();
  const of = (message: Message): HistoryEntry =>
    entries.get(message.id) ?? { message, settledAtMs: null, recipients: [], attempts: [] };
  return {
    attempt(message, attempt) {
      const entry = of(message);
      entries.set(message.id, { ...entry, attempts: [...entry.attempts, attempt] });
    },
    settled(message, one) {
      const entry = of(message);
      entries.set(message.id, { ...entry, recipients: [...entry.recipients, one] });
    },
    event(message, event) {
      const entry = of(message);
      entries.set(message.id, { ...entry, events: [...(entry.events ?? []), event] });
    },
    dialogue(message, one) {
      const entry = of(message);
      entries.set(message.id, { ...entry, dialogues: [one, ...(entry.dialogues ?? [])] });
    },
    all: () => [...entries.values()],
    completed(id, atMs) {
      const entry = entries.get(id);
      if (entry !== undefined) entries.set(id, { ...entry, settledAtMs: atMs });
    },
    get: (id) => entries.get(id) ?? null,
    page(limit, before) {
      const ids = [...entries.keys()].filter((id) => before === null || id < before);
      const newest = ids.sort().reverse().slice(0, limit);
      return newest.flatMap((id) => entries.get(id) ?? []);
    },
    expire(beforeMs) {
      const old = [...entries.values()].filter(
        (entry) => entry.settledAtMs !== null && entry.settledAtMs < beforeMs,
      );
      for (const entry of old) entries.delete(entry.message.id);
      return old.length;
    },
  };
}
