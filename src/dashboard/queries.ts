import { parseDuration } from '../lib/duration.ts';
import type { LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import { type QueueFilter, RECIPIENT_STATES } from '../relay/queue.ts';
import { QUEUE_SORTS, type QueueSort } from '../relay/queue-views.ts';

/** What the forms of the pages ask for; what a field holds that nothing can be is left out. */

export interface QueueAsk {
  readonly filter: QueueFilter;
  readonly sort: QueueSort;
  readonly after: MessageId | null;
}

/** A field without the spaces around it; null: empty or not there. */
export function field(query: URLSearchParams, name: string): string | null {
  const text = query.get(name)?.trim() ?? '';
  return text === '' ? null : text;
}

export function queueAsk(query: URLSearchParams, nowMs: number): QueueAsk {
  const olderMs = parseDuration(field(query, 'older') ?? '');
  const state = oneOf(RECIPIENT_STATES, field(query, 'state'));
  const reason = oneOf(REASON_CLASSES, field(query, 'reason'));
  const filter = {
    account: field(query, 'account'),
    client: field(query, 'client'),
    sender: field(query, 'from'),
    recipient: field(query, 'to'),
    states: state === null ? null : [state],
    reasons: reason === null ? null : [reason],
    olderThanMs: olderMs === null ? null : nowMs - olderMs,
  };
  const sort = oneOf(QUEUE_SORTS, field(query, 'sort')) ?? 'age';
  return { filter: given<QueueFilter>(filter), sort, after: idIn(field(query, 'after')) };
}

/**
 * What a text in the one field for searching can mean; an address can be of either side. Empty: no
 * text, and nothing else to look for.
 */
export function logQueries(query: URLSearchParams, nowMs: number): readonly LogQuery[] {
  const sinceMs = parseDuration(field(query, 'since') ?? '');
  const others = given<LogQuery>({
    account: field(query, 'account'),
    client: field(query, 'client'),
    sinceMs: sinceMs === null ? null : nowMs - sinceMs,
  });
  const text = field(query, 'q');
  if (text === null) return Object.keys(others).length === 0 ? [] : [others];
  return meanings(text).map((meaning) => ({ ...others, ...meaning }));
}

function meanings(text: string): readonly LogQuery[] {
  const id = idIn(text);
  if (id !== null) return [{ id }, { providerId: text }];
  if (/^<.+>$/.test(text)) return [{ messageIdField: text }];
  if (text === '<>') return [{ sender: text }];
  if (!text.includes('@')) return [{ providerId: text }];
  const sides = [{ sender: text }, { recipient: text }];
  return text.startsWith('@') ? sides : [...sides, { messageIdField: text }];
}

export function idIn(text: string | null): MessageId | null {
  if (text === null || messageIdToNumber(text) === null) return null;
  return text.toLowerCase() as MessageId;
}

function oneOf<T extends string>(choices: readonly T[], text: string | null): T | null {
  return choices.find((choice) => choice === text) ?? null;
}

/** Without what is null: for a filter a key is there or it is not. */
function given<T>(
  fields: Readonly<Record<keyof T & string, unknown> | Record<string, unknown>>,
): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as T;
}
