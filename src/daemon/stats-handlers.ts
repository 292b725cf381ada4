import type { StatsReport } from '../control/reports.ts';
import type { ControlHandlers } from '../control/wire.ts';
import type { QuotaUse } from '../policy/quota.ts';
import { type SendingStats, sendingStats } from '../policy/sending-stats.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFirstAt } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';

/** Messages read at a time: commits and sessions wait for no more than that. */
const pageMessages = 200;
/** Messages that one request looks at, of the queue and of the history each. */
const messagesMax = 200_000;

/** Numbers about sent mail. Both readings are ranges of the key: ids grow with time. */
export function statsHandlers(
  store: QueueStore,
  quotas: () => ReadonlyMap<string, readonly QuotaUse[]>,
): Pick<ControlHandlers, 'stats'> {
  return {
    async stats({ by, sinceMs }): Promise<StatsReport> {
      const stats = sendingStats(by);
      const history = await readHistory(store, stats, sinceMs);
      const queue = await readQueue(store, stats, sinceMs);
      const complete = history && queue;
      const rest = { quotas: quotaReports(quotas()), merged: stats.merged, complete };
      return { sinceMs, rows: stats.rows(), ...rest };
    },
  };
}

function quotaReports(quotas: ReadonlyMap<string, readonly QuotaUse[]>): StatsReport['quotas'] {
  const limited = [...quotas].filter(([, uses]) => uses.length > 0);
  return Object.fromEntries(
    limited.map(([account, uses]) => [
      account,
      uses.map(({ rate, used }) => ({ rate: formatQuotaRate(rate), used })),
    ]),
  );
}

/** The newest first. False: not everything was looked at. */
async function readHistory(
  store: QueueStore,
  stats: SendingStats,
  sinceMs: number,
): Promise<boolean> {
  const first = messageIdFirstAt(sinceMs);
  let before: MessageId | null = null;
  for (let read = 0; read < messagesMax; read += pageMessages) {
    const page = await store.history({ limit: pageMessages, before });
    for (const entry of page) {
      if (entry.message.acceptedAtMs >= sinceMs) stats.addHistory(entry);
    }
    const last = page.at(-1)?.message.id ?? null;
    if (last === null || page.length < pageMessages || last < first) return true;
    before = last;
  }
  return false;
}

async function readQueue(
  store: QueueStore,
  stats: SendingStats,
  sinceMs: number,
): Promise<boolean> {
  const filter = { newerThanMs: sinceMs - 1 };
  let after: MessageId | null = messageIdFirstAt(sinceMs - 1);
  for (let read = 0; read < messagesMax; read += pageMessages) {
    const page = await store.list({ filter, after, limit: pageMessages });
    for (const row of page.rows) stats.addQueued(row);
    if (page.next === null) return true;
    after = page.next;
  }
  return false;
}
