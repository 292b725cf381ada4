import { messageIdToNumber } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { Flushed, LaneSurvey, QueuePage, QueueRow } from '../relay/queue.ts';
import {
  type Answer,
  encodeAccepted,
  encodeSettlement,
  type Given,
  type OperationName,
} from './operations.ts';

/** Asks the storage for one operation; resolves after the commit that made it true. */
export type Ask = <N extends OperationName>(name: N, given: Given<N>) => Promise<Answer<N>>;

/** Messages that one stretch of a long command looks at, so that commits are not kept waiting. */
const scanMax = 2_000;
/** Counting, or looking for what is rare, reads a row in a fraction of that. */
const surveyMax = 50_000;
/** What an update of one row costs several times is worked through in shorter stretches. */
const flushMax = 2_000;
const actMax = 500;
const expireMax = 1_000;

/** The QueueStore port over whatever carries operations to the engine. */
export function queueStoreOver(ask: Ask, close: () => Promise<void>): QueueStore {
  return {
    accept: (incoming) => ask('message.accept', incoming.map(encodeAccepted)),
    claim: (query) => ask('lease.claim', query),
    claimExpired: (query) => ask('lease.claim-expired', query),
    claimMatching: (query) => ask('lease.claim-matching', query),
    settle: (settlement) => ask('lease.settle', encodeSettlement(settlement)),
    body: (id) => ask('message.body', id),
    recover: (query) => ask('lease.recover', query),
    counts: () => ask('queue.counts', null),
    nextExpiry: () => ask('queue.next-expiry', null),
    clampDue: (latestMs) => ask('queue.clamp-due', latestMs),
    list: (query) => list(ask, query),
    show: (id) => ask('message.show', id),
    flush: (query) => flush(ask, query),
    survey: (query) => survey(ask, query),
    act: (query) => act(ask, query),
    relane: (moves) => ask('queue.relane', moves),
    accountStates: () => ask('account.states', null),
    setAccountState: (account, state) => ask('account.set', { account, state }),
    certificates: () => ask('certificate.memories', null),
    rememberCertificates: (account, memory) => ask('certificate.remember', { account, memory }),
    credentials: () => ask('credential.memories', null),
    rememberCredentials: (account, memory) => ask('credential.remember', { account, memory }),
    quotas: () => ask('account.quotas', null),
    saveQuota: (account, quota) => ask('account.save-quota', { account, quota }),
    refusals: () => ask('account.refusals', null),
    saveRefusals: (account, refusals) => ask('account.save-refusals', { account, refusals }),
    heldSenders: () => ask('sender.held', null),
    holdSender: (held) => ask('sender.hold', held),
    releaseSenders: (query) => ask('sender.release', query),
    liftSenders: (filter) => ask('sender.lift', filter),
    steering: () => ask('steering.read', null),
    addHoldRule: (rule) => ask('hold.add', rule),
    removeHoldRule: (id) => ask('hold.remove', id),
    savePause: (pause) => ask('relay.pause', pause),
    history: (query) => ask('history.list', query),
    expireHistory: (beforeMs) => expireHistory(ask, beforeMs),
    stats: () => ask('store.stats', null),
    close,
  };
}

async function list(
  ask: Ask,
  { filter, after, limit }: Parameters<QueueStore['list']>[0],
): Promise<QueuePage> {
  const rows: QueueRow[] = [];
  let from: number | null = after === null ? -1 : (messageIdToNumber(after) ?? -1);
  // One more than asked for tells whether there is a next page.
  while (from !== null && rows.length <= limit) {
    const given = { filter, after: from, limit: limit + 1 - rows.length, scan: scanMax };
    const stretch: Answer<'queue.list'> = await ask('queue.list', given);
    rows.push(...stretch.rows);
    from = stretch.next;
  }
  const page = rows.slice(0, limit);
  return { rows: page, next: rows.length > limit ? (page.at(-1)?.message.id ?? null) : null };
}

async function flush(ask: Ask, query: Parameters<QueueStore['flush']>[0]): Promise<Flushed> {
  let [recipients, messages] = [0, 0];
  const found = new Set<string>();
  let after: number | null = -1;
  while (after !== null) {
    const given = { ...query, after, scan: flushMax };
    const stretch: Answer<'queue.flush'> = await ask('queue.flush', given);
    recipients += stretch.recipients;
    messages += stretch.messages;
    for (const lane of stretch.lanes) found.add(lane);
    after = stretch.next;
  }
  const { filter, includeHeld } = query;
  const lanes = [...found].sort();
  const accountsResumed = await ask('queue.flush-accounts', { filter, includeHeld, lanes });
  return { recipients, messages, accountsResumed, lanes };
}

async function survey(ask: Ask, query: Parameters<QueueStore['survey']>[0]): Promise<LaneSurvey[]> {
  const lanes = new Map<string | null, LaneSurvey>();
  let after: number | null = -1;
  while (after !== null) {
    const given = { ...query, after, scan: surveyMax };
    const stretch: Answer<'queue.survey'> = await ask('queue.survey', given);
    for (const one of stretch.lanes) lanes.set(one.lane, joined(lanes.get(one.lane), one));
    after = stretch.next;
  }
  return [...lanes.values()];
}

function joined(sum: LaneSurvey | undefined, one: LaneSurvey): LaneSurvey {
  if (sum === undefined) return one;
  return {
    lane: one.lane,
    recipients: sum.recipients + one.recipients,
    messages: sum.messages + one.messages,
    expiring: sum.expiring.map((count, at) => count + (one.expiring[at] ?? 0)),
  };
}

async function act(ask: Ask, query: Parameters<QueueStore['act']>[0]) {
  let [recipients, messages] = [0, 0];
  let after: number | null = -1;
  while (after !== null) {
    const stretch: Answer<'queue.act'> = await ask('queue.act', {
      ...query,
      after,
      limit: actMax,
      scan: surveyMax,
    });
    recipients += stretch.recipients;
    messages += stretch.messages;
    after = stretch.next;
  }
  return { recipients, messages };
}

async function expireHistory(ask: Ask, beforeMs: number): Promise<number> {
  let deleted = 0;
  for (;;) {
    const stretch = await ask('history.expire', { beforeMs, limit: expireMax });
    deleted += stretch;
    if (stretch < expireMax) return deleted;
  }
}
