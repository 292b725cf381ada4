import { statesTouchedBy } from '../policy/queue-verbs.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { Flushed, LaneSurvey, QueueFilter, QueuePage, QueueRow } from '../relay/queue.ts';
import type { QueueCount } from '../relay/queue-views.ts';
import type { Ask } from './ask.ts';
import type { CountQuery, Next, OrderQuery, Place } from './reading.ts';

/** Messages that one stretch of a long command looks at, so that commits are not kept waiting. */
export const scanMax = 2_000;
/** Where only numbers are read: some 10 ms. */
export const countMax = 10_000;
/** Looking for what is rare reads a row in a fraction of that. */
const actScanMax = 50_000;
const actMax = 500;
const expireMax = 1_000;

/** The answers to a long question, stretch by stretch, until nothing is left. */
export async function* stretches<Answer extends Next>(
  ask: (after: number) => Promise<Answer>,
  start = -1,
): AsyncGenerator<Answer> {
  for (let after: number | null = start; after !== null; ) {
    const answer: Answer = await ask(after);
    yield answer;
    after = answer.next;
  }
}

export async function list(
  ask: Ask,
  { filter, sort = 'age', after, limit }: Parameters<QueueStore['list']>[0],
): Promise<QueuePage> {
  if (sort !== 'age') return await sorted(ask, { filter, sort, after, limit });
  const rows: QueueRow[] = [];
  const start = after === null ? -1 : (messageIdToNumber(after) ?? -1);
  // One more than asked for tells whether there is a next page.
  const next = (from: number) =>
    ask('queue.list', { filter, after: from, limit: limit + 1 - rows.length, scan: scanMax });
  for await (const stretch of stretches(next, start)) {
    rows.push(...stretch.rows);
    if (rows.length > limit) break;
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
  const given = { ...query, behind, scan: countMax, limit: limit + 1 };
  for await (const stretch of stretches((from) => ask('queue.order', { ...given, after: from }))) {
    places = [...places, ...stretch.places].sort(byPlace).slice(0, limit + 1);
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
  const { lanes, ...sum } = await counted(ask, { ...query, expiriesMs: [] });
  return {
    ...sum,
    lanes: lanes.map(({ lane, recipients, messages }) => ({ lane, recipients, messages })),
  };
}

export async function survey(
  ask: Ask,
  { filter, includeHeld, expiriesMs }: Parameters<QueueStore['survey']>[0],
): Promise<readonly LaneSurvey[]> {
  const states = statesTouchedBy('flush', { includeHeld, named: filter.id !== undefined });
  return (await counted(ask, { filter, states, expiriesMs })).lanes;
}

async function counted(
  ask: Ask,
  query: Pick<CountQuery, 'filter' | 'states' | 'expiriesMs'>,
): Promise<{ recipients: number; messages: number; lanes: readonly LaneSurvey[] }> {
  const sums = new Map<string | null, LaneSurvey>();
  let [recipients, messages] = [0, 0];
  const given = { ...query, scan: countMax };
  for await (const stretch of stretches((after) => ask('queue.count', { ...given, after }))) {
    recipients += stretch.recipients;
    messages += stretch.messages;
    for (const one of stretch.lanes) sums.set(one.lane, added(sums.get(one.lane), one));
  }
  const lanes = [...sums.values()].sort((a, b) => ((a.lane ?? '') < (b.lane ?? '') ? -1 : 1));
  return { recipients, messages, lanes };
}

function added(sum: LaneSurvey | undefined, one: LaneSurvey): LaneSurvey {
  if (sum === undefined) return one;
  return {
    lane: one.lane,
    recipients: sum.recipients + one.recipients,
    messages: sum.messages + one.messages,
    expiring: sum.expiring.map((count, at) => count + (one.expiring[at] ?? 0)),
  };
}

export async function flush(ask: Ask, query: Parameters<QueueStore['flush']>[0]): Promise<Flushed> {
  let [recipients, messages] = [0, 0];
  const found = new Set<string>();
  const given = { ...query, scan: scanMax };
  for await (const stretch of stretches((after) => ask('queue.flush', { ...given, after }))) {
    recipients += stretch.recipients;
    messages += stretch.messages;
    for (const lane of stretch.lanes) found.add(lane);
  }
  const { filter, includeHeld } = query;
  const lanes = [...found].sort();
  const accountsResumed = await ask('queue.flush-accounts', { filter, includeHeld, lanes });
  return { recipients, messages, accountsResumed, lanes };
}

export async function act(ask: Ask, query: Parameters<QueueStore['act']>[0]) {
  let [recipients, messages] = [0, 0];
  const given = { ...query, limit: actMax, scan: actScanMax };
  for await (const stretch of stretches((after) => ask('queue.act', { ...given, after }))) {
    recipients += stretch.recipients;
    messages += stretch.messages;
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

export async function expireFeedback(ask: Ask, nowMs: number): Promise<void> {
  const limit = expireMax;
  while ((await ask('feedback.expire', { nowMs, limit })) === limit);
}
