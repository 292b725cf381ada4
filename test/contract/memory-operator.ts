import { matchesLog } from '../../src/policy/log-match.ts';
import type { FeedbackStore } from '../../src/relay/feedback.ts';
import type { LogFind, LogPage } from '../../src/relay/log-search.ts';
import type { MessageId } from '../../src/relay/message.ts';
import type { QueueStore } from '../../src/relay/ports.ts';
import {
  type LaneCount,
  type LeaseOwner,
  RECIPIENT_STATES,
  type RecipientState,
  type Recovered,
} from '../../src/relay/queue.ts';
import { result } from './memory-history.ts';
import type { MemoryNumbers } from './memory-numbers.ts';
import type { MemorySafety } from './memory-safety.ts';
import {
  dropWhenDone,
  type MemoryEntry,
  type MemoryRow,
  type MemoryState,
  matching,
  view,
} from './memory-state.ts';
import type { MemorySteering } from './memory-steering.ts';

const RESTING = RECIPIENT_STATES.filter((one) => one !== 'leased');

type OperatorPart = Omit<
  QueueStore,
  | 'accept'
  | 'settle'
  | 'claim'
  | 'claimExpired'
  | 'claimMatching'
  | 'stats'
  | 'close'
  | keyof MemoryNumbers
  | keyof MemorySafety
  | keyof MemorySteering
  | keyof FeedbackStore
>;

function put(row: MemoryRow, state: RecipientState, dueAtMs: number): void {
  Object.assign(row, { state, dueAtMs, lease: null });
}

function recover(
  state: MemoryState,
  query: Parameters<QueueStore['recover']>[0] & { owner: LeaseOwner },
): Recovered {
  const found = { requeued: 0, inDoubt: 0, quarantined: 0 };
  for (const { entry, rows } of matching(state, {}, ['leased'])) {
    for (const row of rows) {
      const owner = row.lease?.owner;
      if (owner === undefined || owner.run === query.owner.run) continue;
      if (owner.boot === query.owner.boot && !query.dotted.has(entry.message.id)) {
        put(row, row.lastReason === 'in-doubt' ? 'in-doubt' : 'waiting', query.nowMs);
        found.requeued += 1;
        continue;
      }
      put(row, query.inDoubtHold ? 'held' : 'in-doubt', query.inDoubtDueAtMs);
      if (query.inDoubtHold) row.dueAtMs = 0;
      // Mail that was in doubt before says so already, and why.
      if (row.lastReason !== 'in-doubt') {
        row.lastReason = 'in-doubt';
        row.lastText = 'the relay stopped while the attempt ran';
      }
      found.inDoubt += 1;
    }
  }
  return found;
}

function counts(state: MemoryState): LaneCount[] {
  const found = new Map<string, LaneCount>();
  for (const { entry, rows } of matching(state, {}, RECIPIENT_STATES)) {
    for (const row of rows) {
      const key = JSON.stringify([row.lane, row.state]);
      const due = row.state === 'waiting' || row.state === 'in-doubt' ? row.dueAtMs : null;
      const known = found.get(key);
      const earliest = known?.nextDueAtMs ?? due;
      found.set(key, {
        lane: row.lane,
        state: row.state,
        recipients: (known?.recipients ?? 0) + 1,
        oldestAcceptedAtMs: known?.oldestAcceptedAtMs ?? entry.message.acceptedAtMs,
        nextDueAtMs: due === null || earliest === null ? null : Math.min(earliest, due),
      });
    }
  }
  return [...found.values()];
}

function flush(
  state: MemoryState,
  query: Parameters<QueueStore['flush']>[0],
): Awaited<ReturnType<QueueStore['flush']>> {
  const { filter, includeHeld, nowMs } = query;
  const states: RecipientState[] = ['waiting'];
  if (includeHeld || filter.id !== undefined) states.push('in-doubt');
  if (includeHeld) states.push('held');
  const found = [...matching(state, filter, states)];
  const lanes = new Set(found.flatMap(({ rows }) => rows.flatMap(({ lane }) => lane ?? [])));
  for (const row of found.flatMap(({ rows }) => rows)) {
    const isHeld = row.state === 'held';
    put(row, isHeld ? 'waiting' : row.state, isHeld ? nowMs : Math.min(row.dueAtMs, nowMs));
  }
  const concerned = [...state.accounts].filter(([account, { is }]) => {
    const meant = Object.keys(filter).length === 0 || filter.account === account;
    return (meant || lanes.has(account)) && (is === 'paused' || includeHeld);
  });
  for (const [account] of concerned) state.accounts.delete(account);
  return {
    recipients: found.reduce((sum, { rows }) => sum + rows.length, 0),
    messages: found.length,
    accountsResumed: concerned.map(([account]) => account).sort(),
    lanes: [...lanes].sort(),
  };
}

const ACTS_ON: Record<'hold' | 'release' | 'remove', readonly RecipientState[]> = {
  hold: ['waiting', 'in-doubt'],
  release: ['held', 'quarantined'],
  remove: RESTING,
};

function act(state: MemoryState, query: Parameters<QueueStore['act']>[0]) {
  const { action } = query;
  const found = [...matching(state, query.filter, ACTS_ON[action.is])];
  const one = (entry: MemoryEntry, row: MemoryRow): void => {
    const at = { atMs: query.nowMs, index: row.index };
    if (action.is === 'release') {
      state.history.event(entry.message, { is: 'released', ...at, text: row.lastText ?? '' });
      put(row, 'waiting', action.dueAtMs);
    }
    if (action.is === 'hold') {
      const text = action.reason;
      state.history.event(entry.message, { is: 'held', ...at, reason: 'operator', text });
      put(row, 'held', 0);
      Object.assign(row, { lastText: action.reason, lastReason: 'operator' });
    }
    if (action.is !== 'remove') return;
    entry.rows.delete(row.index);
    const rest = {
      reason: 'operator',
      text: 'removed by the operator',
      atMs: query.nowMs,
    } as const;
    state.history.settled(entry.message, result(row.index, 'removed', rest));
    dropWhenDone(state, entry);
  };
  for (const { entry, rows } of found) for (const row of rows) one(entry, row);
  return {
    recipients: found.reduce((sum, { rows }) => sum + rows.length, 0),
    messages: found.length,
  };
}

function search(state: MemoryState, { query, before, limit, tried }: LogFind): LogPage {
  const known = state.history.all().map(({ message }) => message.id);
  const queued = tried === true ? [] : state.entries.keys();
  const ids = [...new Set([...queued, ...known])].sort().reverse();
  const found = ids
    .filter((id) => before === null || id < before)
    .map((id) => show(state, id))
    .filter((entry) => matchesLog(entry, query));
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  const next = found.length > limit ? ((last?.queued ?? last?.history)?.message.id ?? null) : null;
  return { entries, next, unindexed: 0 };
}

function show(state: MemoryState, id: MessageId) {
  const entry = state.entries.get(id);
  const queued =
    entry === undefined
      ? null
      : { message: entry.message, recipients: [...entry.rows.values()].map(view) };
  return { queued, history: state.history.get(id) };
}

/** Everything of the port but the way of a message through it. */
export function memoryOperator(state: MemoryState): OperatorPart {
  return {
    body: async (id) => state.entries.get(id)?.body ?? null,
    recover: async (query) => recover(state, query),
    counts: async () => counts(state),
    async nextExpiry() {
      const resting = [...matching(state, {}, ['waiting', 'in-doubt', 'held'])];
      return resting.length === 0
        ? null
        : Math.min(...resting.map(({ entry }) => entry.message.expiresAtMs));
    },
    async clampDue(latestMs) {
      const far = [...matching(state, {}, ['waiting', 'in-doubt'])]
        .flatMap(({ rows }) => rows)
        .filter((row) => row.dueAtMs > latestMs);
      for (const row of far) row.dueAtMs = latestMs;
      return far.length;
    },
    show: async (id) => show(state, id),
    flush: async (query) => flush(state, query),
    act: async (query) => act(state, query),
    async relane(moves) {
      for (const { id, lane } of moves) {
        for (const { entry, rows } of matching(state, { id }, ['waiting', 'held'])) {
          for (const row of rows) {
            const { index, lane: from } = row;
            const moved = { is: 'rerouted', atMs: state.nowMs(), index, from, to: lane } as const;
            if (from !== lane) state.history.event(entry.message, moved);
            row.lane = lane;
          }
        }
      }
    },
    async redirect({ moves, nowMs }) {
      let moved = 0;
      for (const { id, lane, bind, recipients } of moves) {
        const entry = state.entries.get(id);
        if (entry === undefined) continue;
        for (const { index, was, becomes } of recipients) {
          const row = entry.rows.get(index);
          if (row?.state !== was) continue;
          put(row, becomes, becomes === 'held' ? 0 : nowMs);
          const { lane: from } = row;
          const rerouted = { is: 'rerouted', atMs: nowMs, index, from, to: lane } as const;
          if (from !== lane) state.history.event(entry.message, rerouted);
          row.lane = lane;
          moved += 1;
        }
        const message = { ...entry.message, boundAccount: lane };
        if (bind) state.entries.set(id, { ...entry, message });
      }
      return moved;
    },
    accountStates: async () => new Map(state.accounts),
    async setAccountState(account, next) {
      if (next.is === 'open') state.accounts.delete(account);
      else state.accounts.set(account, next);
    },
    certificates: async () => new Map(state.certificates),
    rememberCertificates: async (account, memory) => void state.certificates.set(account, memory),
    credentials: async () => new Map(state.credentials),
    rememberCredentials: async (account, memory) => void state.credentials.set(account, memory),
    quotas: async () => new Map(state.quotas),
    saveQuota: async (account, quota) => void state.quotas.set(account, quota),
    search: async (find) => search(state, find),
    history: async ({ limit, before }) => state.history.page(limit, before),
    expireHistory: async (beforeMs) => state.history.expire(beforeMs),
  };
}
