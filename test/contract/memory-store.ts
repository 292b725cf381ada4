import { assert } from '../../src/lib/assert.ts';
import type { Message } from '../../src/relay/message.ts';
import { messageIdToNumber } from '../../src/relay/message-id.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import { StoreError } from '../../src/relay/ports.ts';
import type {
  Disposition,
  Lease,
  NewMessage,
  RecipientState,
  Settlement,
  StoreStats,
  Work,
} from '../../src/relay/queue.ts';
import { memoryFeedback } from './memory-feedback.ts';
import { memoryHistory, result } from './memory-history.ts';
import { memoryNumbers } from './memory-numbers.ts';
import { memoryOperator } from './memory-operator.ts';
import { memorySafety } from './memory-safety.ts';
import {
  dropWhenDone,
  type MemoryEntry,
  type MemoryRow,
  type MemoryState,
  matching,
  view,
} from './memory-state.ts';
import { memorySteering } from './memory-steering.ts';

export type MemoryStore = QueueStore & {
  /** From now on every write rejects with this fault and changes nothing; null mends it. */
  failWith(fault: 'full' | 'io' | null): void;
};

function accept(state: MemoryState, incoming: readonly NewMessage[]): void {
  for (const { message } of incoming) {
    assert(!state.entries.has(message.id), `message ${message.id} is in the queue already`);
  }
  for (const { message, body, lane, start } of incoming) {
    if (start.is === 'discarded') {
      discard(state, message, start.text);
      continue;
    }
    const row = (index: number): MemoryRow => ({
      index,
      state: start.is,
      lane,
      attempts: 0,
      dueAtMs: start.is === 'waiting' ? start.dueAtMs : 0,
      delayWarned: false,
      lastText: start.is === 'held' ? start.reason : null,
      lastReason: null,
      lease: start.is === 'leased' ? start.lease : null,
    });
    const rows = new Map(message.envelope.recipients.map((_, index) => [index, row(index)]));
    state.entries.set(message.id, { message, body, rows });
    if (start.is !== 'held') continue;
    const why = { reason: 'operator', text: start.reason } as const;
    state.history.event(message, { is: 'held', atMs: state.nowMs(), index: null, ...why });
  }
}

function discard(state: MemoryState, message: Message, text: string): void {
  const rest = { reason: 'operator', text, atMs: state.nowMs() } as const;
  message.envelope.recipients.forEach((_, index) => {
    state.history.settled(message, result(index, 'discarded', rest));
  });
  state.history.completed(message.id, state.nowMs());
}

function lease(entry: MemoryEntry, rows: readonly MemoryRow[], held: Lease): Work {
  const recipients = rows.map(view);
  for (const row of rows) Object.assign(row, { state: 'leased', dueAtMs: 0, lease: held });
  return { message: entry.message, recipients, lease: held };
}

function become(row: MemoryRow, next: Exclude<Disposition, { is: 'settled' }>): void {
  row.lease = null;
  row.state = next.is;
  row.dueAtMs = next.is === 'held' ? 0 : next.dueAtMs;
  if (next.is !== 'held') row.lane = next.lane;
  if (next.is === 'in-doubt' || (next.is === 'waiting' && next.counted)) row.attempts += 1;
  if (next.is === 'waiting') row.delayWarned = next.delayWarned;
}

function settle(state: MemoryState, settlement: Settlement): void {
  const entry = state.entries.get(settlement.id);
  for (const { index } of settlement.recipients) {
    const run = entry?.rows.get(index)?.lease?.owner.run;
    assert(
      run === settlement.lease.owner.run,
      `the lease of ${settlement.id} recipient ${index} is not ours`,
    );
  }
  if (entry === undefined) return;
  accept(state, settlement.notifications);
  if (settlement.attempt !== null) state.history.attempt(entry.message, settlement.attempt);
  const { dialogue } = settlement;
  if (dialogue !== undefined) state.history.dialogue(entry.message, dialogue);
  for (const { index, becomes, reason, text } of settlement.recipients) {
    const row = entry.rows.get(index);
    if (row === undefined) continue;
    Object.assign(row, { lastText: text, lastReason: reason });
    const { lane } = row;
    const atMs = state.nowMs();
    if (becomes.is !== 'settled') {
      become(row, becomes);
      const { lane: to } = row;
      const moved = { is: 'rerouted', atMs, index, from: lane, to } as const;
      if (to !== lane) state.history.event(entry.message, moved);
      const stays = { is: 'held', atMs, index, reason, text } as const;
      if (becomes.is === 'held') state.history.event(entry.message, stays);
      continue;
    }
    entry.rows.delete(index);
    const from = settlement.attempt !== null || lane === null ? {} : { account: lane };
    const rest = { reason, text, atMs, ...from };
    state.history.settled(entry.message, result(index, becomes.outcome, rest));
  }
  for (const { message } of settlement.notifications) {
    const told = { is: 'notified', atMs: state.nowMs(), id: message.id } as const;
    state.history.event(entry.message, told);
  }
  dropWhenDone(state, entry);
}

const CLAIMABLE: readonly RecipientState[] = ['waiting', 'in-doubt', 'held'];

function claims(state: MemoryState): Pick<QueueStore, 'claim' | 'claimExpired' | 'claimMatching'> {
  const take = (
    found: { entry: MemoryEntry; rows: MemoryRow[]; rank: number }[],
    query: { lease: Lease; limit: number },
  ): Work[] =>
    found
      .sort((a, b) => a.rank - b.rank)
      .slice(0, query.limit)
      .map(({ entry, rows }) => lease(entry, rows, query.lease));
  return {
    async claim(query) {
      const found = [...matching(state, { account: query.lane }, ['waiting', 'in-doubt'])];
      const due = found.map(({ entry, rows }) => {
        const ready = rows.filter((row) => row.dueAtMs <= query.nowMs);
        return { entry, rows: ready, rank: Math.min(...ready.map((row) => row.dueAtMs)) };
      });
      return take(
        due.filter(({ rows }) => rows.length > 0),
        query,
      );
    },
    async claimExpired(query) {
      const found = [...matching(state, {}, CLAIMABLE)].map((one) => ({
        ...one,
        rank: one.entry.message.expiresAtMs,
      }));
      return take(
        found.filter(({ rank }) => rank <= query.nowMs),
        query,
      );
    },
    async claimMatching(query) {
      const found = [...matching(state, query.filter, CLAIMABLE)];
      return take(
        found.map((one, rank) => ({ ...one, rank })),
        query,
      );
    },
  };
}

function stats(state: MemoryState, lastMessageNumber: number): StoreStats {
  return {
    lastMessageNumber,
    schemaVersion: 1,
    bytesOnDisk: [...state.entries.values()].reduce((sum, { message }) => sum + message.bytes, 0),
    commits: 0,
    commitMsTotal: 0,
    commitMsMax: 0,
    batchTotal: 0,
  };
}

/**
 * The QueueStore port over maps: what the contract means, without SQL. For unit tests of the other
 * layers.
 */
export function openMemoryStore(nowMs: () => number = () => 0): MemoryStore {
  const state: MemoryState = {
    entries: new Map(),
    accounts: new Map(),
    certificates: new Map(),
    credentials: new Map(),
    quotas: new Map(),
    refusals: new Map(),
    heldSenders: [],
    steering: { pause: null, rules: [] },
    history: memoryHistory(),
    nowMs,
  };
  let fault: 'full' | 'io' | null = null;
  let closed = false;
  let lastNumber = 0;
  const note = (incoming: readonly NewMessage[]): void => {
    for (const { message } of incoming) {
      lastNumber = Math.max(lastNumber, messageIdToNumber(message.id) ?? 0);
    }
  };
  const store: QueueStore = {
    async accept(incoming) {
      accept(state, incoming);
      note(incoming);
    },
    async settle(settlement) {
      settle(state, settlement);
      note(settlement.notifications);
    },
    ...claims(state),
    ...memoryNumbers(state),
    ...memoryOperator(state),
    ...memorySafety(state),
    ...memorySteering(state),
    ...memoryFeedback(state),
    stats: async () => stats(state, lastNumber),
    close: async () => {
      closed = true;
    },
  };
  const reads = [
    'body',
    'counts',
    'nextExpiry',
    'list',
    'count',
    'groups',
    'show',
    'accountStates',
    'credentials',
    'quotas',
    'refusals',
    'heldSenders',
    'steering',
    'suppressions',
    'unknownFeedback',
    'survey',
    'history',
    'certificates',
  ];
  const guarded = Object.entries(store).map(([name, method]) => [
    name,
    async (...given: unknown[]) => {
      if (closed && name !== 'close') throw new StoreError('closed', 'the store is closed');
      const writes = ![...reads, 'stats', 'close'].includes(name);
      if (fault !== null && writes) throw new StoreError(fault, `simulated fault: ${fault}`);
      return method(...given);
    },
  ]);
  return Object.assign(Object.fromEntries(guarded), {
    failWith(next: 'full' | 'io' | null) {
      fault = next;
    },
  });
}
