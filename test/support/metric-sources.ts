import type { MetricSources } from '../../src/observe/metric-sources.ts';

/** A relay that has nothing to tell. */
export const quietSources: MetricSources = {
  counts: async () => [],
  accountStates: async () => new Map(),
  storeStats: async () => ({
    lastMessageNumber: 1,
    schemaVersion: 1,
    bytesOnDisk: 8_192,
    commits: 0,
    commitMsTotal: 0,
    commitMsMax: 0,
    batchTotal: 0,
  }),
  connections: () => new Map(),
  standIns: () => new Map(),
  lastDeliveredAtMs: () => new Map(),
  failuresInARow: () => new Map(),
  certificatesEndMs: () => new Map(),
  exceptionsEndMs: () => new Map(),
  credentials: () => new Map(),
  quotas: () => new Map(),
  outAtMs: () => new Map(),
  heldSenders: () => new Map(),
  slowed: () => new Map(),
  steering: () => ({ paused: false, holdRules: 0 }),
  alertsWaiting: () => new Map([['webhook1', 3]]),
  suppressed: () => 0,
  disk: async () => ({ freeBytes: 6e9, sizeBytes: 8e9, limitBytes: 2e8 }),
  logLinesDropped: () => 0,
  spans: () => null,
};
