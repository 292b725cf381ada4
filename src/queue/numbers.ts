import { messageIdToNumber } from '../relay/message-id.ts';
import type { QueueFilter, RecipientState } from '../relay/queue.ts';
import type { Core } from './core.ts';
import { where } from './filter.ts';
import type { Counted, CountQuery, Ordered, OrderQuery, Place } from './reading.ts';

const STATES: readonly RecipientState[] = ['waiting', 'leased', 'in-doubt', 'held', 'quarantined'];

/** Bounds of a stretch, exclusive and inclusive, and where the next one begins. */
export function stretch(
  core: Core,
  { filter, after, scan }: { filter: QueueFilter; after: number; scan: number },
): { from: number; to: number; next: number | null } {
  if (filter.id !== undefined) {
    const id = messageIdToNumber(filter.id) ?? -1;
    return { from: Math.max(after, id - 1), to: id, next: null };
  }
  const next = core.sql.stretchEnd.get(after, scan - 1) ?? null;
  return { from: after, to: next ?? Number.MAX_SAFE_INTEGER, next };
}

/** How many of a stretch match, by lane. */
export function countStretch(core: Core, query: CountQuery): Counted {
  const { from, to, next } = stretch(core, query);
  const { sql, values } = where(query.filter, query.states);
  const given = [...values, from, to];
  const range = `${sql} AND message_id > ? AND message_id <= ?`;
  // Reads: recipients of a stretch, by their key.
  const lanes = core.db
    .prepare<unknown[], Counted['lanes'][number]>(
      `SELECT lane, COUNT(*) AS recipients, COUNT(DISTINCT message_id) AS messages
       FROM recipients WHERE ${range} GROUP BY lane ORDER BY lane`,
    )
    .all(...given);
  const recipients = lanes.reduce((sum, one) => sum + one.recipients, 0);
  if (lanes.length <= 1) return { lanes, recipients, messages: lanes[0]?.messages ?? 0, next };
  // Reads: the same; a message in two lanes is one message.
  const distinct = core.db
    .prepare<unknown[], number>(`SELECT COUNT(DISTINCT message_id) FROM recipients WHERE ${range}`)
    .pluck();
  return { lanes, recipients, messages: distinct.get(...given) ?? 0, next };
}

/** What an order goes by, of the recipients of one message that match; the smallest comes first. */
const KEYS: Readonly<Record<OrderQuery['sort'], string>> = {
  due: `COALESCE(MIN(due_at), ${Number.MAX_SAFE_INTEGER})`,
  size: '-(SELECT bytes FROM messages WHERE id = message_id)',
  attempts: '-MAX(attempts)',
  account: "COALESCE(MIN(lane), '')",
};

/** The first messages of a stretch in an order. */
export function order(core: Core, query: OrderQuery): Ordered {
  const { sort, behind, limit } = query;
  const { from, to, next } = stretch(core, query);
  const { sql, values } = where(query.filter, STATES);
  // Reads: recipients of a stretch, by their key; sorts as many as are wanted.
  const places = core.db
    .prepare<unknown[], [string | number, number]>(
      `SELECT place, message_id FROM
         (SELECT ${KEYS[sort]} AS place, message_id FROM recipients
          WHERE ${sql} AND message_id > ? AND message_id <= ? GROUP BY message_id)
       WHERE ${behind === null ? 'TRUE' : '(place, message_id) > (?, ?)'}
       ORDER BY place, message_id LIMIT ?`,
    )
    .raw()
    .all(...values, from, to, ...(behind ?? []), limit) as Place[];
  return { places, next };
}
