import type { Database } from 'better-sqlite3';
import type { Clock } from '../relay/ports.ts';
import type { RecipientState } from '../relay/queue.ts';
import type { Aftermath, Tally } from './aftermath.ts';
import type { History } from './history.ts';
import type { Statements } from './statements.ts';

/** What the operations share. Everything here is synchronous and belongs to one thread. */
export interface Core {
  readonly db: Database;
  readonly sql: Statements;
  readonly history: History;
  readonly aftermath: Aftermath;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly directory: string;
  readonly spoolDirectory: string;
  readonly report: (notice: StoreNotice) => void;
  /** Rows of `runs` by the run's name; forgotten when a transaction is rolled back. */
  readonly runs: Map<string, number>;
  /** Highest message number seen, and the one the database remembers. */
  readonly numbers: { highest: number; stored: number };
  readonly totals: CommitTotals;
}

export interface CommitTotals {
  commits: number;
  operations: number;
  tookMs: number;
  longestMs: number;
}

/** What the storage found on its own, for events. */
export type StoreNotice =
  | { readonly is: 'quarantined'; readonly id: string; readonly detail: string }
  | { readonly is: 'fault'; readonly fault: string; readonly detail: string };

/** Counts a change of recipients once it is committed. */
export function count(core: Core, lane: string | null, state: RecipientState, by: number): void {
  core.aftermath.add('commit', () => core.tally.add(lane, state, by));
}
