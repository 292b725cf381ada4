import type { MetricSources } from '../../../src/observe/metric-scrape.ts';
import type { StoreStats } from '../../../src/relay/queue.ts';

const stats: StoreStats = {
  lastMessageNumber: 1,
  schemaVersion: 1,
  bytesOnDisk: 8_192,
  commits: 0,
  commitMsTotal: 0,
  commitMsMax: 0,
  batchTotal: 0,
};
/** A relay in which nothing happens. */
export const quietSources: MetricSources = {
  counts: async () => [],
  accountStates: async () => new Map(),
  storeStats: async () => stats,
  connections: () => new Map(),
  certificatesEndMs: () => new Map(),
  credentials: () => new Map(),
  quotas: () => new Map(),
  heldSenders: () => new Map(),
  slowed: () => new Map(),
  steering: () => ({ paused: true, holdRules: 2 }),
  logLinesDropped: () => 0,
  spans: () => null,
};
