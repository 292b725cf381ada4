import { bareMessageId } from '../policy/log-match.ts';
import type { LogQuery } from '../relay/log-search.ts';
import { messageIdToNumber, messageNumberFirstAt } from '../relay/message-id.ts';
import type { Core } from './core.ts';
import { address, joined, type Where } from './filter.ts';
import type { Found, SearchQuery } from './history-index.ts';
import { wantedTerms } from './log-terms.ts';

/** An id can be drawn well before its message is accepted, or after, when the clock went back. */
const slackMs = 3_600_000;

/** Messages of the history that may be among those asked for. */
export function searchHistory(core: Core, { query, before, scan }: SearchQuery): Found {
  const range = within(query, before);
  return core.history.index.search({ terms: wantedTerms(query), ...range, scan });
}

/**
 * Messages of the queue that may be: looked through one by one, in stretches. What the provider
 * called a message only the history knows.
 */
export function searchQueue(core: Core, { query, before, scan }: SearchQuery): Found {
  if (query.providerId !== undefined) return { ids: [], next: null };
  const range = within(query, before);
  // Reads: where the stretch ends, by the key.
  const end = core.db
    .prepare<[number, number, number], number>(
      'SELECT id FROM messages WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT 1 OFFSET ?',
    )
    .pluck()
    .get(range.before, range.from, scan - 1);
  const { sql, values } = joined(queueTerms(query));
  // Reads: one stretch of the key, comparing row by row.
  const ids = core.db
    .prepare<unknown[], number>(
      `SELECT id FROM messages AS m WHERE id < ? AND id >= ? AND ${sql} ORDER BY id DESC`,
    )
    .pluck()
    .all(range.before, end ?? range.from, ...values);
  return { ids, next: end ?? null };
}

function within({ id, sinceMs, untilMs }: LogQuery, before: number) {
  if (id !== undefined) {
    const number = messageIdToNumber(id) ?? -1;
    return { from: number, before: Math.min(before, number + 1) };
  }
  const from = sinceMs === undefined ? 0 : messageNumberFirstAt(sinceMs - slackMs);
  const to =
    untilMs === undefined ? before : Math.min(before, messageNumberFirstAt(untilMs + slackMs));
  return { from, before: to };
}

function queueTerms({ account, client, messageIdField, recipient, sender }: LogQuery): Where[] {
  const terms: Where[] = [{ sql: '1', values: [] }];
  if (client !== undefined) terms.push({ sql: 'm.client = ?', values: [client] });
  if (messageIdField !== undefined) {
    const id = bareMessageId(messageIdField);
    const sql = "m.message_id_field COLLATE NOCASE IN (?, '<' || ? || '>')";
    terms.push({ sql, values: [id, id] });
  }
  if (sender !== undefined) {
    const from = address('m.reverse_path', sender);
    // A From of several addresses is stored as a list.
    const sql = `(${from.sql} OR instr(lower(m.from_address), lower(?)) > 0)`;
    terms.push({ sql, values: [...from.values, sender] });
  }
  // Also those of its recipients that have left the queue.
  if (recipient !== undefined) {
    const quoted = JSON.stringify(recipient).slice(1, -1);
    terms.push({ sql: 'instr(lower(m.recipients), lower(?)) > 0', values: [quoted] });
  }
  if (account !== undefined) {
    const sql = 'EXISTS (SELECT 1 FROM recipients WHERE message_id = m.id AND lane = ?)';
    terms.push({ sql, values: [account] });
  }
  return terms;
}
