import { assert } from '../lib/assert.ts';
import { matchesLog } from '../policy/log-match.ts';
import type { LogFind, LogPage } from '../relay/log-search.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import { StoreError } from '../relay/ports.ts';
import type { Ask } from './ask.ts';
import type { Found } from './history-index.ts';
import { stretches } from './stretches.ts';

/** Messages that one stretch looks at, and rows it takes into the index. */
const historyScan = 2_000;
const queueScan = 5_000;
const indexStretch = 200;
/** What settled last is searched too; a search does not wait for more than this. */
const indexMax = 20_000;

const nowhere: Found = { ids: [], next: null };

/**
 * Looks through the queue and the history side by side, in stretches that commits do not wait for,
 * until a page is full.
 */
export async function search(ask: Ask, find: LogFind): Promise<LogPage> {
  const { query, before, limit, tried } = find;
  const unindexed = await catchUp(ask);
  const start = before === null ? Number.MAX_SAFE_INTEGER : messageIdToNumber(before);
  assert(start !== null, `${before} is no message id`);
  const [inHistory, inQueue] = await Promise.all([
    candidates(
      (from) => ask('history.search', { query, before: from, scan: historyScan }),
      start,
      limit,
    ),
    tried === true
      ? nowhere
      : candidates(
          (from) => ask('queue.search', { query, before: from, scan: queueScan }),
          start,
          limit,
        ),
  ]);
  const found = [...new Set([...inHistory.ids, ...inQueue.ids])].sort((a, b) => b - a);
  const ids = found.slice(0, limit).map(messageIdFromNumber);
  const entries = await Promise.all(ids.map((id) => ask('message.show', id)));
  const more = found.length > limit || inHistory.next !== null || inQueue.next !== null;
  return {
    entries: entries.filter((entry) => matchesLog(entry, query)),
    next: more ? (ids.at(-1) ?? null) : null,
    unindexed,
  };
}

/** A disk without room for the index is no reason not to look: what is missing is said. */
async function catchUp(ask: Ask): Promise<number> {
  try {
    let left = await ask('history.index', { limit: indexStretch });
    for (let taken = indexStretch; left > 0 && taken < indexMax; taken += indexStretch) {
      left = await ask('history.index', { limit: indexStretch });
    }
    return left;
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault === 'closed') throw error;
    return await ask('history.index', { limit: 0 });
  }
}

/** The first `limit` of one side; `next` is null when there are no more. */
async function candidates(
  stretch: (before: number) => Promise<Found>,
  start: number,
  limit: number,
): Promise<Found> {
  const ids: number[] = [];
  let next: number | null = null;
  for await (const found of stretches(stretch, start)) {
    ids.push(...found.ids);
    next = found.next;
    if (ids.length >= limit) break;
  }
  const more = next !== null || ids.length > limit;
  return { ids: ids.slice(0, limit), next: more ? (next ?? 0) : null };
}
