import { statfs } from 'node:fs/promises';
import type { DiskSpace, MetricSources } from '../observe/metric-sources.ts';
import type { LaneCount } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { waitingIn } from './account-facts.ts';
import type { Relay } from './relay.ts';

/** Where a scrape finds what it asks for. */
export function metricSources(
  {
    settings,
    store,
    delivery,
    alerts,
    suppressions,
  }: Pick<Relay, 'settings' | 'store' | 'delivery' | 'alerts' | 'suppressions'>,
  counted: Pick<MetricSources, 'logLinesDropped' | 'spans'>,
): MetricSources {
  const byAccount = <T>(look: (name: string) => T): Map<string, T> =>
    new Map([...settings().accounts.keys()].map((name) => [name, look(name)]));
  const known = (look: (name: string) => number | null | undefined): Map<string, number> =>
    new Map([...byAccount(look)].filter((entry): entry is [string, number] => entry[1] != null));
  return {
    counts: () => store.counts(),
    accountStates: async () => delivery.states(),
    storeStats: () => store.stats(),
    connections: () => delivery.connections(),
    standIns: () => delivery.standIns(),
    lastDeliveredAtMs: () => known((name) => delivery.lastDeliveredAtMs(name)),
    failuresInARow: () => byAccount((name) => delivery.failuresInARow(name)),
    certificatesEndMs: () => known((name) => delivery.certificate(name)?.validToMs),
    exceptionsEndMs: () => known((name) => settings().accounts.get(name)?.tls.exception?.untilMs),
    credentials: () => byAccount((name) => delivery.credentials(name)),
    quotas: () => delivery.quotas(),
    outAtMs: (counts) => known((name) => delivery.outAtMs(name, waitingOf(name, counts))),
    heldSenders: () => byAccount((name) => delivery.senders.list(name).length),
    slowed: () => delivery.slowed(),
    steering: () => ({
      paused: delivery.pauses.current !== null,
      holdRules: delivery.holds.current.length,
    }),
    alertsWaiting: () =>
      new Map([...alerts.states()].map(([name, { waiting }]) => [name, waiting])),
    suppressed: () => suppressions.size,
    disk: () => diskSpace(settings()),
    ...counted,
  };
}

function waitingOf(account: string, counts: readonly LaneCount[]): number {
  return waitingIn(counts.filter(({ lane }) => lane === account));
}

async function diskSpace({ queue, limits }: Settings): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(queue.directory);
  return {
    freeBytes: bavail * bsize,
    sizeBytes: blocks * bsize,
    limitBytes: limits.diskFreeBytes,
  };
}
