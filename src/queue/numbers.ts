import { type LaneSurvey, RECIPIENT_STATES } from '../relay/queue.ts';
import type { Core } from './core.ts';
import { countMessages, stretch } from './filter.ts';
import type { Counted, CountQuery, Ordered, OrderQuery, Place } from './reading.ts';

/** How many of a stretch match, by lane. */
export function countStretch(core: Core, query: CountQuery): Counted {
  const match = stretch(core, query, query.states);
  const expiring = query.expiriesMs.map(() => ', SUM(expires_at <= ?)').join('');
  // Reads: recipients of a stretch, by their key.
  const lanes = core.db
    .prepare<unknown[], [lane: string | null, recipients: number, messages: number, ...number[]]>(
      `SELECT lane, COUNT(*), COUNT(DISTINCT message_id)${expiring}
       FROM recipients WHERE ${match.sql} GROUP BY lane`,
    )
    .raw()
    .all(...query.expiriesMs, ...match.values)
    .map(([lane, recipients, messages, ...rest]): LaneSurvey => {
      return { lane, recipients, messages, expiring: rest };
    });
  const recipients = lanes.reduce((sum, one) => sum + one.recipients, 0);
  // A message in two lanes is one message.
  const messages = lanes.length > 1 ? countMessages(core, match) : (lanes[0]?.messages ?? 0);
  return { lanes, recipients, messages, next: match.next };
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
  const { sql, values, next } = stretch(core, query, RECIPIENT_STATES);
  // Reads: recipients of a stretch, by their key; sorts as many as are wanted.
  const places = core.db
    .prepare<unknown[], [string | number, number]>(
      `SELECT place, message_id FROM
         (SELECT ${KEYS[sort]} AS place, message_id FROM recipients
          WHERE ${sql} GROUP BY message_id)
       WHERE ${behind === null ? 'TRUE' : '(place, message_id) > (?, ?)'}
       ORDER BY place, message_id LIMIT ?`,
    )
    .raw()
    .all(...values, ...(behind ?? []), limit) as Place[];
  return { places, next };
}
