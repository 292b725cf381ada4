import type { QueueStore } from '../relay/ports.ts';
import type { Ask } from './ask.ts';
import { groups } from './group-totals.ts';
import { encodeAccepted, encodeSettlement } from './operations.ts';
import { search } from './store-search.ts';
import { act, count, expireFeedback, expireHistory, flush, list, survey } from './stretches.ts';

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
    count: (query) => count(ask, query),
    groups: (query) => groups(ask, query),
    show: (id) => ask('message.show', id),
    flush: (query) => flush(ask, query),
    survey: (query) => survey(ask, query),
    act: (query) => act(ask, query),
    relane: (moves) => ask('queue.relane', moves),
    redirect: (query) => ask('queue.redirect', query),
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
    noteFeedback: (post) => ask('feedback.note', post),
    unknownFeedback: (limit) => ask('feedback.unknown', { limit }),
    suppressions: (query) => ask('suppression.list', query),
    suppress: (entries) => ask('suppression.put', entries),
    unsuppress: (keys) => ask('suppression.remove', keys),
    expireFeedback: (nowMs) => expireFeedback(ask, nowMs),
    history: (query) => ask('history.list', query),
    search: (find) => search(ask, find),
    expireHistory: (beforeMs) => expireHistory(ask, beforeMs),
    stats: () => ask('store.stats', null),
    close,
  };
}
