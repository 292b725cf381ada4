import type { Message } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import { RECIPIENT_STATES } from '../../src/relay/queue.ts';
import { QUEUE_AGES_MS, type QueueGroup, type QueueSort } from '../../src/relay/queue-views.ts';
import { type MemoryRow, type MemoryState, matching, view } from './memory-state.ts';

export type MemoryNumbers = Pick<QueueStore, 'list' | 'count' | 'groups'>;

const hasDue = ({ state }: MemoryRow): boolean => state === 'waiting' || state === 'in-doubt';

function keyOf(sort: QueueSort, message: Message, rows: readonly MemoryRow[]): string | number {
  switch (sort) {
    case 'age':
      return 0;
    case 'due':
      return Math.min(...rows.map((row) => (hasDue(row) ? row.dueAtMs : Number.MAX_SAFE_INTEGER)));
    case 'size':
      return -message.bytes;
    case 'attempts':
      return -Math.max(...rows.map(({ attempts }) => attempts));
    case 'account':
      return rows.map(({ lane }) => lane ?? '').sort()[0] ?? '';
  }
}

/** Listings and numbers in plain words, for comparison with what the SQL does. */
export function memoryNumbers(state: MemoryState): MemoryNumbers {
  return {
    async list({ filter, sort = 'age', after, limit }) {
      const all = [...matching(state, filter, RECIPIENT_STATES)]
        .map(({ entry, rows }) => ({ entry, rows, key: keyOf(sort, entry.message, rows) }))
        .sort((a, b) => {
          if (a.key === b.key) return a.entry.message.id < b.entry.message.id ? -1 : 1;
          return a.key < b.key ? -1 : 1;
        });
      const place = all.findIndex(({ entry }) => entry.message.id === after);
      if (sort !== 'age' && after !== null && place < 0)
        return { rows: [], next: null, lost: true };
      const found = all.filter(({ entry }, at) => {
        return after === null || (sort === 'age' ? entry.message.id > after : at > place);
      });
      const rows = found
        .slice(0, limit)
        .map(({ entry, rows: some }) => ({ message: entry.message, recipients: some.map(view) }));
      return { rows, next: found.length > limit ? (rows.at(-1)?.message.id ?? null) : null };
    },
    async count({ filter, states }) {
      const found = [...matching(state, filter, states)];
      const names = new Set(found.flatMap(({ rows }) => rows.map(({ lane }) => lane)));
      const lanes = [...names].sort().map((lane) => {
        const here = found.map(({ rows }) => rows.filter((row) => row.lane === lane).length);
        const recipients = here.reduce((sum, count) => sum + count, 0);
        return { lane, recipients, messages: here.filter((count) => count > 0).length };
      });
      const recipients = lanes.reduce((sum, lane) => sum + lane.recipients, 0);
      return { recipients, messages: found.length, lanes };
    },
    async groups({ filter, by, nowMs }) {
      const groups = new Map<string, QueueGroup & { ages: number[] }>();
      for (const { entry, rows } of matching(state, filter, RECIPIENT_STATES)) {
        const ageMs = nowMs - entry.message.acceptedAtMs;
        const older = QUEUE_AGES_MS.findIndex((bound) => ageMs <= bound);
        const age = older < 0 ? QUEUE_AGES_MS.length : older;
        for (const row of rows) {
          const path = entry.message.envelope.recipients[row.index]?.forwardPath ?? '';
          const value = {
            account: row.lane,
            reason: row.lastReason,
            age: String(age),
            'recipient-domain': path.slice(path.lastIndexOf('@') + 1).toLowerCase(),
          };
          const values = by.map((key) => value[key]);
          const ages = Array.from({ length: QUEUE_AGES_MS.length + 1 }, () => 0);
          const group = groups.get(JSON.stringify(values)) ?? { values, ages };
          group.ages[age] = (group.ages[age] ?? 0) + 1;
          groups.set(JSON.stringify(values), group);
        }
      }
      const total = ({ ages }: QueueGroup) => ages.reduce((sum, count) => sum + count, 0);
      return { groups: [...groups.values()].sort((a, b) => total(b) - total(a)), merged: false };
    },
  };
}
