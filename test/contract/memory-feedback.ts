import type { FeedbackStore, UnknownFeedback } from '../../src/relay/feedback.ts';
import type { Suppression, SuppressionKey } from '../../src/relay/suppression.ts';
import type { MemoryState } from './memory-state.ts';

const nameOf = ({ address, account }: SuppressionKey): string => `${address}\0${account ?? ''}`;

/** What providers say later, and who gets no mail, in maps. */
export function memoryFeedback({ history }: MemoryState): FeedbackStore {
  const keys = new Map<string, number>();
  const list = new Map<string, Suppression>();
  const unknown: UnknownFeedback[] = [];
  const isNew = (key: string, forgetAtMs: number): boolean => {
    if (keys.has(key)) return false;
    keys.set(key, forgetAtMs);
    return true;
  };
  return {
    async noteFeedback({ key, forgetAtMs, notes }) {
      if (key !== null && !isNew(key, forgetAtMs)) return { replayed: true, fresh: [] };
      const fresh = notes.flatMap((note, place) => (isNew(note.key, forgetAtMs) ? [place] : []));
      for (const place of fresh) {
        const { about, suppression } = notes[place] ?? {};
        if (suppression) list.set(nameOf(suppression), suppression);
        if (about?.is === 'unknown') unknown.unshift(about.said);
        const entry = about?.is === 'message' ? history.get(about.id) : null;
        if (entry && about?.is === 'message') history.event(entry.message, about.event);
      }
      return { replayed: notes.length > 0 && fresh.length === 0, fresh };
    },
    unknownFeedback: async (limit) => unknown.slice(0, limit),
    async suppressions({ after, limit }) {
      const names = [...list.keys()].sort();
      const from = after === null ? names : names.filter((name) => name > nameOf(after));
      return from.slice(0, limit).flatMap((name) => list.get(name) ?? []);
    },
    async suppress(entries) {
      for (const entry of entries) list.set(nameOf(entry), entry);
    },
    unsuppress: async (given) => given.filter((key) => list.delete(nameOf(key))).length,
    async expireFeedback(nowMs) {
      for (const [key, atMs] of keys) if (atMs <= nowMs) keys.delete(key);
      for (const [name, { untilMs }] of list) {
        if (untilMs !== null && untilMs <= nowMs) list.delete(name);
      }
    },
  };
}
