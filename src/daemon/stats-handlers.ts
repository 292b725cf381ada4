import type { StatsReport } from '../control/reports.ts';
import type { Ask, ControlHandlers } from '../control/wire.ts';
import { sendingStats } from '../policy/sending-stats.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFirstAt } from '../relay/message-id.ts';
import type { HistoryEntry } from '../relay/queue.ts';
import { quotaReports } from './account-facts.ts';
import { historySince } from './history-pages.ts';
import type { Relay } from './relay.ts';

/** Messages read at a time: commits and sessions wait for no more than that. */
const pageMessages = 200;
/** Messages that one request looks at, of the queue and of the history each. */
const messagesMax = 200_000;

/** Numbers about sent mail. */
export function statsHandlers({
  store,
  delivery,
  settings,
}: Pick<Relay, 'store' | 'settings'> & {
  readonly delivery: Pick<Relay['delivery'], 'quotas'>;
}): Pick<ControlHandlers, 'stats'> {
  return {
    async stats(ask): Promise<StatsReport> {
      const sent = await statsSince({ store, settings }, ask);
      const limited = [...delivery.quotas()].filter(([, uses]) => uses.length > 0);
      return {
        sinceMs: ask.sinceMs,
        ...sent,
        quotas: Object.fromEntries(limited.map(([name, uses]) => [name, quotaReports(uses)])),
      };
    },
  };
}

/** Mail accepted at or after `sinceMs`, added up; `also` sees each message that the history has. */
export async function statsSince(
  { store, settings }: Pick<Relay, 'store' | 'settings'>,
  { by, sinceMs }: Ask<'stats'>,
  also: (entry: HistoryEntry) => void = () => {},
): Promise<Pick<StatsReport, 'rows' | 'merged' | 'complete'>> {
  const stats = sendingStats(by, settings().feedback !== null);
  const limit = pageMessages;
  const history = await readPages(null, async (before) => {
    const { entries, next } = await historySince(store, { sinceMs, before, limit });
    for (const entry of entries) {
      stats.addHistory(entry);
      also(entry);
    }
    return next;
  });
  const filter = { newerThanMs: sinceMs - 1 };
  const queue = await readPages(messageIdFirstAt(sinceMs - 1), async (after) => {
    const { rows, next } = await store.list({ filter, after, limit });
    for (const row of rows) stats.addQueued(row);
    return next;
  });
  return { rows: stats.rows(), merged: stats.merged, complete: history && queue };
}

/** `read` gives where the next page begins. False: not everything was looked at. */
async function readPages(
  from: MessageId | null,
  read: (from: MessageId | null) => Promise<MessageId | null>,
): Promise<boolean> {
  let at = from;
  for (let looked = 0; looked < messagesMax; looked += pageMessages) {
    at = await read(at);
    if (at === null) return true;
  }
  return false;
}
