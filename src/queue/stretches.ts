import type { MessageId } from '../relay/message.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { QueueFilter, QueuePage, QueueRow } from '../relay/queue.ts';
import type { QueueCount } from '../relay/queue-views.ts';
import type { Ask } from './ask.ts';
import type { Answer } from './operations.ts';
import type { OrderQuery, Place } from './reading.ts';

/** Messages that one stretch of a long command looks at, so that commits are not kept waiting. */
export const scanMax = 2_000;
/** Where only numbers are read: some 10 ms. */
export const countMax = 10_000;
/** Counting in one go, or looking for what is rare, reads a row in a fraction of that. */
export const surveyMax = 50_000;
const actMax = 500;
const expireMax = 1_000;

export async function list(
  ask: Ask,
  { filter, sort = 'age', after, limit }: Parameters<QueueStore['list']>[0],
): Promise<QueuePage> {
  if (sort !== 'age') return await sorted(ask, { filter, sort, after, limit });
  const rows: QueueRow[] = [];
  let from: number | null = after === null ? -1 : (messageIdToNumber(after) ?? -1);
  // One more than asked for tells whether there is a next page.
  while (from !== null && rows.length <= limit) {
    const given = { filter, after: from, limit: limit + 1 - rows.length, scan: scanMax };
    const stretch: Answer<'queue.list'> = await ask('queue.list', given);
    rows.push(...stretch.rows);
    from = stretch.next;
  }
  return pageOf(rows, limit);
}

function pageOf(rows: readonly QueueRow[], limit: number): QueuePage {
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.message.id ?? null) : null };
}

type Sorted = Pick<OrderQuery, 'filter' | 'sort'>;

/** The whole queue is read for every page; what is kept of it is as long as the page. */
async function sorted(
  ask: Ask,
  { after, limit, ...query }: Sorted & { readonly after: MessageId | null; readonly limit: number },
): Promise<QueuePage> {
  const behind = after === null ? null : await placeOf(ask, query, after);
  if (behind === undefined) return { rows: [], next: null, lost: true };
  let places: Place[] = [];
  for (let from: number | null = -1; from !== null; ) {
    const given = { ...query, behind, after: from, scan: countMax, limit: limit + 1 };
    const stretch: Answer<'queue.order'> = await ask('queue.order', given);
    places = [...places, ...stretch.places].sort(byPlace).slice(0, limit + 1);
    from = stretch.next;
  }
  const found = await Promise.all(
    places.map(([, number]) => {
      const filter = { ...query.filter, id: messageIdFromNumber(number) };
      return ask('queue.list', { filter, after: -1, limit: 1, scan: 1 });
    }),
  );
  const rows = found.flatMap((stretch) => stretch.rows);
  if (places.length <= limit) return pageOf(rows, limit);
  // What has left meanwhile must not end the list early.
  const last = places[limit - 1];
  return {
    rows: rows.slice(0, limit),
    next: last === undefined ? null : messageIdFromNumber(last[1]),
  };
}

/** Undefined: it has left the queue, or the filter. */
async function placeOf(ask: Ask, query: Sorted, id: MessageId): Promise<Place | undefined> {
  const filter: QueueFilter = { ...query.filter, id };
  const given = { ...query, filter, behind: null, after: -1, scan: 1, limit: 1 };
  return (await ask('queue.order', given)).places[0];
}

function byPlace([a, idA]: Place, [b, idB]: Place): number {
  if (a === b) return idA - idB;
  return a < b ? -1 : 1;
}

export async function count(
  ask: Ask,
  query: Parameters<QueueStore['count']>[0],
): Promise<QueueCount> {
  const lanes = new Map<string | null, { recipients: number; messages: number }>();
  let [recipients, messages] = [0, 0];
  for (let after: number | null = -1; after !== null; ) {
    const stretch: Answer<'queue.count'> = await ask('queue.count', {
      ...query,
      after,
      scan: countMax,
    });
    recipients += stretch.recipients;
    messages += stretch.messages;
    for (const { lane, ...one } of stretch.lanes) {
      const sum = lanes.get(lane) ?? { recipients: 0, messages: 0 };
      sum.recipients += one.recipients;
      sum.messages += one.messages;
      lanes.set(lane, sum);
    }
    after = stretch.next;
  }
  const byLane = [...lanes].map(([lane, sum]) => ({ lane, ...sum }));
  byLane.sort((a, b) => ((a.lane ?? '') < (b.lane ?? '') ? -1 : 1));
  return { recipients, messages, lanes: byLane };
}

export async function act(ask: Ask, query: Parameters<QueueStore['act']>[0]) {
  let [recipients, messages] = [0, 0];
  let after: number | null = -1;
  while (after !== null) {
    const given = { ...query, after, limit: actMax, scan: surveyMax };
    const stretch: Answer<'queue.act'> = await ask('queue.act', given);
    recipients += stretch.recipients;
    messages += stretch.messages;
    after = stretch.next;
  }
  return { recipients, messages };
}

export async function expireHistory(ask: Ask, beforeMs: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const stretch = await ask('history.expire', { beforeMs, limit: expireMax });
    deleted += stretch;
    if (stretch < expireMax) break;
  }
  while (!(await ask('history.prune', { beforeMs, scan: scanMax })));
  return deleted;
}
