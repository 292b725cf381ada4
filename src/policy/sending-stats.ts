import type { Message } from '../relay/message.ts';
import type { HistoryEntry, QueueRow } from '../relay/queue.ts';
import { type DelayTally, delayTally } from './delays.ts';

/** What numbers can be grouped by; `day` is the UTC day of acceptance. */
export const STATS_KEYS = ['account', 'client', 'sender', 'day'] as const;
export type StatsKey = (typeof STATS_KEYS)[number];

/** All counts are of recipients, of messages accepted in the time asked for. */
export interface StatsRow {
  /** One value for each key asked for; null: no account, or a group that was merged into others. */
  readonly group: Readonly<Partial<Record<StatsKey, string | null>>>;
  readonly accepted: number;
  readonly delivered: number;
  readonly bounced: number;
  /** Attempts that the schedule repeats: one recipient may be deferred several times. */
  readonly deferred: number;
  /** Only the provider's feedback tells; null: not known. */
  readonly complained: number | null;
  /** From acceptance to delivery, within 3 %; null without a delivery. */
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
}

export interface SendingStats {
  /** Settled recipients and attempts of one message. */
  addHistory(entry: HistoryEntry): void;
  /** What of a message is still in the queue. */
  addQueued(row: QueueRow): void;
  /** By group, in the order of the keys asked for. */
  rows(): StatsRow[];
  /** More groups came up than are kept apart: the rest is one row, whose keys are all null. */
  readonly merged: boolean;
}

/** Senders may be many: so many groups are kept apart. */
export const statsGroupsMax = 1_000;

interface Group {
  readonly values: StatsRow['group'];
  accepted: number;
  delivered: number;
  bounced: number;
  deferred: number;
  complained: number;
  readonly latencies: DelayTally;
}

/**
 * Adds up one message after the other; memory grows with the groups only, and to a bound.
 * `complaints`: providers tell of them.
 */
export function sendingStats(by: readonly StatsKey[], complaints: boolean): SendingStats {
  const groups = new Map<string, Group>();
  let rest: Group | null = null;
  const groupOf = (message: Message, account: string | null): Group => {
    const values = by.map((key) => keyValue(key, message, account));
    const name = JSON.stringify(values);
    const known = groups.get(name);
    if (known !== undefined) return known;
    if (groups.size >= statsGroupsMax) {
      rest ??= newGroup(by.map((key) => [key, null]));
      return rest;
    }
    const group = newGroup(by.map((key, at) => [key, values[at] ?? null]));
    groups.set(name, group);
    return group;
  };
  return {
    addHistory: (entry) => addHistory(entry, groupOf),
    addQueued({ message, recipients }) {
      for (const { lane } of recipients) groupOf(message, lane).accepted++;
    },
    rows() {
      const apart = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
      return [...apart, ...(rest === null ? [] : [rest])].map((group) => rowOf(group, complaints));
    },
    get merged() {
      return rest !== null;
    },
  };
}

function addHistory(
  { message, recipients, attempts, events = [] }: HistoryEntry,
  groupOf: (message: Message, account: string | null) => Group,
): void {
  const accounts = new Map<number, string>();
  for (const { account, results } of attempts) {
    for (const { index, outcome } of results) {
      accounts.set(index, account);
      if (outcome === 'deferred') groupOf(message, account).deferred++;
    }
  }
  for (const event of events) {
    if (event.is !== 'feedback' || event.kind !== 'complained') continue;
    groupOf(message, event.account).complained++;
  }
  for (const { index, outcome, atMs } of recipients) {
    const group = groupOf(message, accounts.get(index) ?? null);
    group.accepted++;
    if (outcome === 'bounced') group.bounced++;
    if (outcome !== 'delivered') continue;
    group.delivered++;
    group.latencies.add(atMs - message.acceptedAtMs);
  }
}

function keyValue(key: StatsKey, message: Message, account: string | null): string | null {
  switch (key) {
    case 'account':
      return account;
    case 'client':
      return message.client;
    case 'sender':
      return message.envelope.reversePath;
    case 'day':
      return new Date(message.acceptedAtMs).toISOString().slice(0, 10);
  }
}

function newGroup(values: readonly (readonly [StatsKey, string | null])[]): Group {
  const counts = { accepted: 0, delivered: 0, bounced: 0, deferred: 0, complained: 0 };
  return { values: Object.fromEntries(values), ...counts, latencies: delayTally() };
}

function rowOf({ values, latencies, ...counts }: Group, complaints: boolean): StatsRow {
  const [p50, p95] = [latencies.share(0.5), latencies.share(0.95)];
  const latencyMs = p50 === null || p95 === null ? null : { p50, p95 };
  const complained = complaints ? counts.complained : null;
  return { group: values, ...counts, complained, latencyMs };
}
