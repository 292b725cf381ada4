import { heldByRuleText } from '../policy/hold-rules.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import type { QueueFilter, RecipientState } from '../relay/queue.ts';
import type { Core } from './core.ts';
import type { Next, Stretch } from './reading.ts';

/** A WHERE clause over `recipients` and the values it binds. */
export interface Where {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/**
 * An operator's filter as SQL, the same for reading, updating and deleting. Ids and lanes are found
 * by index; the rest is compared row by row, which only an operator's command waits for.
 */
export function where(filter: QueueFilter, states: readonly RecipientState[]): Where {
  const wanted = states.filter((state) => filter.states?.includes(state) ?? true);
  const terms: Where[] = [
    { sql: `state IN (${wanted.map(() => '?').join(', ')})`, values: wanted },
  ];
  if (filter.id !== undefined) {
    terms.push({ sql: 'message_id = ?', values: [messageIdToNumber(filter.id) ?? -1] });
  }
  if (filter.account !== undefined) terms.push({ sql: 'lane = ?', values: [filter.account] });
  if (filter.recipient !== undefined) terms.push(address('forward_path', filter.recipient));
  if (filter.reasons !== undefined) {
    const reasons = filter.reasons.map(() => '?').join(', ');
    terms.push({ sql: `last_reason IN (${reasons})`, values: filter.reasons });
  }
  if (filter.heldBy !== undefined) {
    const begins = heldByRuleText({ id: filter.heldBy, reason: '' });
    const sql = "state = 'held' AND substr(last_text, 1, length(?)) = ?";
    terms.push({ sql, values: [begins, begins] });
  }
  const message = messageTerms(filter);
  if (message.length > 0) {
    terms.push({
      sql: `EXISTS (SELECT 1 FROM messages AS m WHERE m.id = message_id AND ${joined(message).sql})`,
      values: joined(message).values,
    });
  }
  return joined(terms);
}

function messageTerms(filter: QueueFilter): Where[] {
  const terms: Where[] = [];
  if (filter.client !== undefined) terms.push({ sql: 'm.client = ?', values: [filter.client] });
  if (filter.sender !== undefined) terms.push(address('m.reverse_path', filter.sender));
  if (filter.olderThanMs !== undefined) {
    terms.push({ sql: 'm.accepted_at < ?', values: [filter.olderThanMs] });
  }
  if (filter.newerThanMs !== undefined) {
    terms.push({ sql: 'm.accepted_at > ?', values: [filter.newerThanMs] });
  }
  return terms;
}

/** An address without regard to ASCII case, or all of `@domain`; `<>` is the null reverse-path. */
export function address(column: string, wanted: string): Where {
  if (wanted === '<>') return { sql: `${column} = ''`, values: [] };
  if (!wanted.startsWith('@')) return { sql: `${column} = ? COLLATE NOCASE`, values: [wanted] };
  const sql = `substr(${column}, -length(?)) = ? COLLATE NOCASE`;
  return { sql, values: [wanted, wanted] };
}

export function joined(terms: readonly Where[]): Where {
  return {
    sql: terms.map(({ sql }) => sql).join(' AND '),
    values: terms.flatMap(({ values }) => values),
  };
}

/** Recipients of a stretch that match, and where the next one begins. */
export interface StretchMatch extends Where, Next {}

export function stretch(
  core: Core,
  { filter, after, scan }: Stretch,
  states: readonly RecipientState[],
): StretchMatch {
  const { sql, values } = where(filter, states);
  const isOne = filter.id !== undefined;
  const next = isOne ? null : (core.sql.stretchEnd.get(after, scan - 1) ?? null);
  return {
    sql: `${sql} AND message_id > ? AND message_id <= ?`,
    values: [...values, after, next ?? Number.MAX_SAFE_INTEGER],
    next,
  };
}

/** Recipients that match, by message and index. */
export function* matchingRecipients(
  core: Core,
  { sql, values }: Where,
): Generator<{ message_id: number; idx: number }> {
  // Reads: keys only, in their order, as far as the caller goes on.
  yield* core.db
    .prepare<unknown[], { message_id: number; idx: number }>(
      `SELECT message_id, idx FROM recipients WHERE ${sql} ORDER BY message_id, idx`,
    )
    .iterate(...values);
}

/** How many messages have a recipient that matches. */
export function countMessages(core: Core, { sql, values }: Where): number {
  // Reads: recipients that match.
  const statement = core.db.prepare<unknown[], number>(
    `SELECT COUNT(DISTINCT message_id) FROM recipients WHERE ${sql}`,
  );
  return statement.pluck().get(...values) ?? 0;
}
