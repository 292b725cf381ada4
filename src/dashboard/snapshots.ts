import type { Asker } from '../control/answer.ts';
import type { AccountDetail, AccountReport } from '../control/reports.ts';
import type { Activity } from './activity.ts';
import type { Series } from './series.ts';
import { recipientsIn, type Snapshot, type Waits } from './snapshot.ts';

export interface SnapshotSources {
  readonly ask: Asker;
  readonly activity: Activity;
  readonly series: Series;
  readonly clients: () => ReadonlySet<string>;
  readonly mayAct: boolean;
  readonly nowMs: () => number;
}

/** Somebody who reloads the page all the time gets the same answer for so long. */
const freshMs = 500;
const detailsFreshMs = 30_000;
/** Looked up for one snapshot, so that a thousand accounts delay none. */
const detailsAtOnce = 25;
const waitsFreshMs = 10_000;
/** Counting may take this part of the storage's time at most. */
const waitsShare = 20;
/** So much is counted while the page waits. */
const countedAtOnce = 20_000;

export interface Snapshots {
  /** Whoever asks while one is made gets that one. Rejects with ControlError. */
  latest(): Promise<Snapshot>;
  /** Something was changed: the next one is made anew. */
  forget(): void;
}

export function snapshotsFrom(sources: SnapshotSources): Snapshots {
  const details = detailsFrom(sources);
  const waits = waitsFrom(sources);
  let made: { readonly atMs: number; readonly snapshot: Promise<Snapshot> } | null = null;

  const make = async (): Promise<Snapshot> => {
    const { ask, activity, series, clients, mayAct, nowMs } = sources;
    const [status, { flows, connections }] = await Promise.all([ask('status', {}), ask('top', {})]);
    series.sampled(recipientsIn(status.queue));
    const names = status.accounts.map(({ name }) => name);
    return {
      nowMs: nowMs(),
      status,
      flows,
      connections,
      details: await details(status.accounts),
      waits: await waits(recipientsIn(status.queue)),
      lastReplies: new Map(
        names.flatMap((name) => {
          const last = activity.lastReply(name);
          return last === null ? [] : [[name, last] as const];
        }),
      ),
      failures: activity.failures(),
      clients: new Map(
        [...clients()]
          // Accounts that an app logs in as are only of interest when one does.
          .map((name) => [name, activity.client(name)] as const)
          .filter(([name, seen]) => seen !== null || !/^account:|^relayd$/.test(name)),
      ),
      hour: series.sums(60),
      day: series.sums(24 * 60),
      mayAct,
    };
  };

  const forget = (): void => {
    made = null;
  };
  return {
    latest() {
      const atMs = sources.nowMs();
      if (made !== null && Math.abs(atMs - made.atMs) < freshMs) return made.snapshot;
      const snapshot = make();
      made = { atMs, snapshot };
      snapshot.catch(forget);
      return snapshot;
    },
    forget,
  };
}

/** What is known of the accounts; the stalest are looked up anew. */
function detailsFrom({ ask, nowMs }: SnapshotSources) {
  const known = new Map<string, { readonly atMs: number; readonly detail: AccountDetail }>();
  return async (
    accounts: readonly AccountReport[],
  ): Promise<ReadonlyMap<string, AccountDetail>> => {
    const names = accounts.map(({ name }) => name);
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    const age = (name: string): number => nowMs() - (known.get(name)?.atMs ?? 0);
    const stale = names.filter((name) => age(name) > detailsFreshMs);
    for (const name of stale.toSorted((a, b) => age(b) - age(a)).slice(0, detailsAtOnce)) {
      known.set(name, { detail: await ask('account.show', { name }), atMs: nowMs() });
    }
    return new Map([...known].map(([name, { detail }]) => [name, detail]));
  };
}

/** Counts at intervals, and beside the page when there is much to count. */
function waitsFrom({ ask, nowMs }: SnapshotSources): (recipients: number) => Promise<Waits> {
  let waits: Waits = { atMs: null, rows: [] };
  let nextAtMs = 0;
  let counting: Promise<void> | null = null;
  const count = async (): Promise<void> => {
    const beganMs = nowMs();
    const { groups } = await ask('queue.stats', { filter: {}, by: ['account', 'reason'] });
    const rows = groups.map(({ values: [account = null, reason = null], ages }) => {
      return { account, reason, recipients: ages.reduce((sum, of) => sum + of, 0) };
    });
    waits = { atMs: nowMs(), rows };
    nextAtMs = nowMs() + Math.max(waitsFreshMs, waitsShare * (nowMs() - beganMs));
  };
  return async (recipients) => {
    if (recipients === 0) return { atMs: nowMs(), rows: [] };
    if (counting === null && nowMs() >= nextAtMs) {
      counting = count().finally(() => {
        counting = null;
      });
      // The storage has said so as an event; the former numbers stay, with their age.
      counting.catch(() => {});
    }
    if (recipients <= countedAtOnce) await counting;
    return waits;
  };
}
