import type { AccountDetail, AccountReport, StatusReport } from '../control/reports.ts';
import type { TopReport } from '../control/steering-reports.ts';
import type { LaneCount, RecipientState } from '../relay/queue.ts';
import type { ClientActivity, Failures, LastReply } from './activity.ts';
import type { Sums } from './series.ts';

/** Everything that the overview shows, as it was at one instant. */
export interface Snapshot {
  readonly nowMs: number;
  readonly status: StatusReport;
  readonly flows: TopReport['flows'];
  readonly connections: TopReport['connections'];
  /** What changes rarely, and when it was looked up. */
  readonly details: ReadonlyMap<string, AccountDetail>;
  /** Recipients in the queue by account and class of their last cause; counting them takes a while. */
  readonly waits: Waits;
  readonly lastReplies: ReadonlyMap<string, LastReply>;
  readonly failures: readonly Failures[];
  readonly clients: ReadonlyMap<string, ClientActivity | null>;
  readonly hour: Sums;
  readonly day: Sums;
  /** Whether this dashboard may change anything. */
  readonly mayAct: boolean;
}

export interface Waits {
  /** Null: not counted yet. */
  readonly atMs: number | null;
  readonly rows: readonly {
    readonly account: string | null;
    readonly reason: string | null;
    readonly recipients: number;
  }[];
}

/** Recipients in these states; all without `states`. */
export function recipientsIn(
  queue: readonly LaneCount[],
  ...states: readonly RecipientState[]
): number {
  return queue
    .filter(({ state }) => states.length === 0 || states.includes(state))
    .reduce((sum, { recipients }) => sum + recipients, 0);
}

/** When the oldest of it was accepted; null: there is nothing. */
export function oldestIn(queue: readonly LaneCount[]): number | null {
  const times = queue.map(({ oldestAcceptedAtMs }) => oldestAcceptedAtMs);
  return times.length === 0 ? null : Math.min(...times);
}

/** Whether an account sends at this moment. */
export function isBusy({ connections }: Snapshot, { name }: AccountReport): boolean {
  return connections.some(({ account, doing }) => account === name && doing !== 'idle');
}
