import { messageIdToNumber } from '../relay/message-id.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { QueuePage, QueueRow } from '../relay/queue.ts';
import type { Ask } from './ask.ts';
import { type Answer, encodeAccepted, encodeSettlement } from './operations.ts';
import { search } from './store-search.ts';

/** Messages that one stretch of a long command looks at, so that commits are not kept waiting. */
const scanMax = 2_000;
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
    flush: (query) => ask('queue.flush', query),
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
    history: (query) => ask('history.list', query),
    search: (find) => search(ask, find),
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

async function act(ask: Ask, query: Parameters<QueueStore['act']>[0]) {
  let [recipients, messages] = [0, 0];
  let after: number | null = -1;
  while (after !== null) {
    const stretch: Answer<'queue.act'> = await ask('queue.act', { ...query, after, limit: actMax });
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
    if (stretch < expireMax) break;
  }
  while (!(await ask('history.prune', { beforeMs, scan: scanMax })));
  return deleted;
}
