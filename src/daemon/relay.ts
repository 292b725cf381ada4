import type { Alerts } from '../alerts/alerts.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { Suppressions } from '../feedback/suppressions.ts';
import type { Throughput } from '../observe/throughput.ts';
import type { EventSink } from '../relay/events.ts';
import type { QueueStore, Spool } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import type { Submission } from '../submission/submission.ts';
import type { Drain } from './drain.ts';
import type { FlushWatches } from './flush-watches.ts';
import type { LogLevel } from './log-level.ts';

/** The open parts of a running daemon, as the answers to relayctl need them. */
export interface Relay {
  /** The configuration in force; another one after a reload. */
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly spool: Spool;
  readonly delivery: Delivery;
  readonly submission: Submission;
  readonly suppressions: Suppressions;
  readonly throughput: Throughput;
  readonly flushes: FlushWatches;
  readonly alerts: Pick<Alerts, 'states' | 'test'>;
  readonly logLevel: LogLevel;
  readonly drain: Drain;
  readonly emit: EventSink;
  readonly startedAtMs: number;
  readonly state: () => 'running' | 'stopping';
  readonly refusedReload: () => { atMs: number; problems: readonly string[] } | null;
}
