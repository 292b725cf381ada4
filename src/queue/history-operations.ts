import type { MessageId } from '../relay/message.ts';
import type { HistoryEntry } from '../relay/queue.ts';
import type { Core } from './core.ts';
import type { Found, SearchQuery } from './history-index.ts';
import { searchHistory, searchQueue } from './search.ts';

/** What the storage can be asked about the past; none of it is part of the queue's transaction. */
export interface HistoryOperationTable {
  'history.list': { given: { limit: number; before: MessageId | null }; answer: HistoryEntry[] };
  'history.expire': { given: { beforeMs: number; limit: number }; answer: number };
  'history.index': { given: { limit: number }; answer: number };
  'history.search': { given: SearchQuery; answer: Found };
  'history.prune': { given: { beforeMs: number; scan: number }; answer: boolean };
  'queue.search': { given: SearchQuery; answer: Found };
}

export type HistoryOperation = {
  [N in keyof HistoryOperationTable]: readonly [name: N, given: HistoryOperationTable[N]['given']];
}[keyof HistoryOperationTable];

export function runOnHistory(core: Core, [name, given]: HistoryOperation): unknown {
  const { history } = core;
  switch (name) {
    case 'history.list':
      return history.list(given);
    case 'history.expire':
      return history.expire(given);
    case 'history.index':
      return history.index.index(given.limit);
    case 'history.search':
      return searchHistory(core, given);
    case 'history.prune':
      return history.index.prune(given.beforeMs, given.scan);
    case 'queue.search':
      return searchQueue(core, given);
  }
}
