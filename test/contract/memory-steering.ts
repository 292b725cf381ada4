import type { QueueStore } from '../../src/relay/ports.ts';
import type { LaneSurvey, RecipientState } from '../../src/relay/queue.ts';
import { type MemoryState, matching } from './memory-state.ts';

export type MemorySteering = Pick<
  QueueStore,
  'survey' | 'steering' | 'addHoldRule' | 'removeHoldRule' | 'savePause'
>;

function survey(state: MemoryState, query: Parameters<QueueStore['survey']>[0]): LaneSurvey[] {
  const { filter, includeHeld, expiriesMs } = query;
  const states: RecipientState[] = ['waiting'];
  if (includeHeld || filter.id !== undefined) states.push('in-doubt');
  if (includeHeld) states.push('held');
  const rows = [...matching(state, filter, states)].flatMap(({ entry, rows: found }) =>
    found.map(({ lane }) => ({ lane, message: entry.message })),
  );
  return [...Map.groupBy(rows, ({ lane }) => lane)].map(([lane, members]) => ({
    lane,
    recipients: members.length,
    messages: new Set(members.map(({ message }) => message.id)).size,
    expiring: expiriesMs.map(
      (atMs) => members.filter(({ message }) => message.expiresAtMs <= atMs).length,
    ),
  }));
}

/** What an operator has ordered for the time to come. */
export function memorySteering(state: MemoryState): MemorySteering {
  let lastId = 0;
  return {
    survey: async (query) => survey(state, query),
    steering: async () => state.steering,
    async addHoldRule(rule) {
      const made = { ...rule, id: ++lastId };
      state.steering = { ...state.steering, rules: [...state.steering.rules, made] };
      return made;
    },
    async removeHoldRule(id) {
      const rules = state.steering.rules.filter((rule) => rule.id !== id);
      state.steering = { ...state.steering, rules };
    },
    async savePause(pause) {
      state.steering = { ...state.steering, pause };
    },
  };
}
