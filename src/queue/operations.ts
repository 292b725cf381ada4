import type { AccountState } from '../relay/account.ts';
import type { CertificateMemory } from '../relay/certificate.ts';
import type { CredentialMemory } from '../relay/credential.ts';
import type { HeldSender, SendersReleased } from '../relay/held-sender.ts';
import type { Body, MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import type {
  HistoryEntry,
  LaneCount,
  Lease,
  NewMessage,
  QueueFilter,
  QueueRow,
  RecipientSettlement,
  Recovered,
  Settlement,
  StoreStats,
  Work,
} from '../relay/queue.ts';
import type { Redirect } from '../relay/queue-views.ts';
import type { KeptQuota } from '../relay/quota.ts';
import type { Refusals } from '../relay/refusals.ts';
import type { HoldRule, RelayPause, Steering } from '../relay/steering.ts';
import type { FeedbackOperationTable } from './feedback-operations.ts';
import type { HistoryOperationTable } from './history-operations.ts';
import type { Acted, ActQuery, FlushedStretch, FlushQuery, RecoverQuery } from './queries.ts';
import type {
  Counted,
  CountQuery,
  Grouped,
  GroupsQuery,
  Listed,
  ListQuery,
  Ordered,
  OrderQuery,
} from './reading.ts';
import { encodeMessage, type MessageRow } from './rows.ts';

/**
 * What the storage can be asked, by name. The two on every message's way are flat tuples: they
 * cross the thread boundary at a third of the cost of the port's objects, and bind to SQL as they
 * are.
 */
export interface OperationTable extends HistoryOperationTable, FeedbackOperationTable {
  'message.accept': { given: readonly AcceptedRow[]; answer: undefined };
  'lease.settle': { given: SettledRow; answer: undefined };
  'lease.claim': {
    given: { lane: string; nowMs: number; lease: Lease; limit: number };
    answer: Work[];
  };
  'lease.claim-expired': { given: { nowMs: number; lease: Lease; limit: number }; answer: Work[] };
  'lease.claim-matching': {
    given: { filter: QueueFilter; lease: Lease; limit: number };
    answer: Work[];
  };
  'lease.recover': { given: RecoverQuery; answer: Recovered };
  'queue.flush': { given: FlushQuery; answer: FlushedStretch };
  /** After the last stretch: the accounts concerned work again. Gives their names. */
  'queue.flush-accounts': {
    given: { filter: QueueFilter; includeHeld: boolean; lanes: readonly string[] };
    answer: string[];
  };
  'queue.act': { given: ActQuery; answer: Acted };
  'queue.relane': {
    given: readonly { id: MessageId; lane: string | null }[];
    answer: undefined;
  };
  'queue.redirect': { given: { moves: readonly Redirect[]; nowMs: number }; answer: number };
  'queue.clamp-due': { given: number; answer: number };
  'account.set': { given: { account: string; state: AccountState }; answer: undefined };
  'certificate.remember': {
    given: { account: string; memory: CertificateMemory };
    answer: undefined;
  };
  'credential.remember': {
    given: { account: string; memory: CredentialMemory };
    answer: undefined;
  };
  'account.save-quota': { given: { account: string; quota: KeptQuota }; answer: undefined };
  'account.save-refusals': {
    given: { account: string; refusals: Refusals | null };
    answer: undefined;
  };
  'sender.hold': { given: HeldSender; answer: undefined };
  'sender.release': {
    given: { account: string; sender: string | null; dueAtMs: number };
    answer: SendersReleased;
  };
  'sender.lift': {
    given: QueueFilter;
    answer: readonly Pick<HeldSender, 'account' | 'sender'>[];
  };
  'steering.read': { given: null; answer: Steering };
  'hold.add': { given: Omit<HoldRule, 'id'>; answer: HoldRule };
  'hold.remove': { given: number; answer: undefined };
  'relay.pause': { given: RelayPause | null; answer: undefined };
  'message.body': { given: MessageId; answer: Body | null };
  'message.show': {
    given: MessageId;
    answer: { queued: QueueRow | null; history: HistoryEntry | null };
  };
  'queue.list': { given: ListQuery; answer: Listed };
  'queue.order': { given: OrderQuery; answer: Ordered };
  'queue.count': { given: CountQuery; answer: Counted };
  'queue.groups': { given: GroupsQuery; answer: Grouped };
  'queue.counts': { given: null; answer: LaneCount[] };
  'queue.next-expiry': { given: null; answer: number | null };
  'account.states': { given: null; answer: ReadonlyMap<string, AccountState> };
  'certificate.memories': { given: null; answer: ReadonlyMap<string, CertificateMemory> };
  'credential.memories': { given: null; answer: ReadonlyMap<string, CredentialMemory> };
  'account.quotas': { given: null; answer: ReadonlyMap<string, KeptQuota> };
  'account.refusals': { given: null; answer: ReadonlyMap<string, Refusals> };
  'sender.held': { given: null; answer: HeldSender[] };
  'store.stats': { given: null; answer: StoreStats };
}

export type OperationName = keyof OperationTable;
export type Given<N extends OperationName> = OperationTable[N]['given'];
export type Answer<N extends OperationName> = OperationTable[N]['answer'];
export type Operation = {
  [N in OperationName]: readonly [name: N, given: Given<N>];
}[OperationName];

/** These change nothing in the queue and run outside the transaction, after it. */
export const OUTSIDE_NAMES = [
  'message.body',
  'message.show',
  'queue.list',
  'queue.order',
  'queue.count',
  'queue.groups',
  'queue.counts',
  'queue.next-expiry',
  'account.states',
  'certificate.memories',
  'credential.memories',
  'account.quotas',
  'account.refusals',
  'sender.held',
  'steering.read',
  'suppression.list',
  'feedback.unknown',
  'history.list',
  'history.expire',
  'history.index',
  'history.search',
  'history.prune',
  'queue.search',
  'store.stats',
] as const satisfies readonly OperationName[];

export type AcceptedRow = readonly [
  message: MessageRow,
  forwardPaths: readonly string[],
  body: Uint8Array | null,
  spoolFile: string | null,
  lane: string | null,
  state: 'leased' | 'waiting' | 'held' | 'discarded',
  dueAtMs: number | null,
  reason: string | null,
  boot: string | null,
  run: string | null,
  untilMs: number | null,
];

export type SettledRow = readonly [
  id: number,
  run: string,
  recipients: readonly SettledRecipientRow[],
  attempt: string | null,
  notifications: readonly AcceptedRow[],
  dialogue: string | null,
];

export type SettledRecipientRow = readonly [
  index: number,
  becomes: 'settled' | 'waiting' | 'in-doubt' | 'held',
  outcome: string | null,
  lane: string | null,
  dueAtMs: number | null,
  counted: number,
  delayWarned: number | null,
  reason: string,
  text: string,
];

export function encodeAccepted({ message, body, lane, start }: NewMessage): AcceptedRow {
  const lease = start.is === 'leased' ? start.lease : null;
  return [
    encodeMessage(message),
    message.envelope.recipients.map(({ forwardPath }) => forwardPath),
    body.in === 'memory' ? body.bytes : null,
    body.in === 'spool' ? body.file : null,
    lane,
    start.is,
    start.is === 'waiting' ? start.dueAtMs : null,
    reasonOf(start),
    lease?.owner.boot ?? null,
    lease?.owner.run ?? null,
    lease?.untilMs ?? null,
  ];
}

function reasonOf(start: NewMessage['start']): string | null {
  if (start.is === 'discarded') return start.text;
  return start.is === 'held' ? start.reason : null;
}

export function encodeSettlement(settlement: Settlement): SettledRow {
  return [
    messageIdToNumber(settlement.id) ?? Number.NaN,
    settlement.lease.owner.run,
    settlement.recipients.map(encodeRecipient),
    settlement.attempt === null ? null : JSON.stringify(settlement.attempt),
    settlement.notifications.map(encodeAccepted),
    settlement.dialogue === undefined ? null : JSON.stringify(settlement.dialogue),
  ];
}

function encodeRecipient(one: RecipientSettlement): SettledRecipientRow {
  const { index, becomes: to, reason, text } = one;
  switch (to.is) {
    case 'settled':
      return [index, to.is, to.outcome, null, null, 0, null, reason, text];
    case 'held':
      return [index, to.is, null, null, null, 0, null, reason, text];
    case 'in-doubt':
      return [index, to.is, null, to.lane, to.dueAtMs, 1, null, reason, text];
    case 'waiting': {
      const [counted, warned] = [to.counted ? 1 : 0, to.delayWarned ? 1 : 0];
      return [index, to.is, null, to.lane, to.dueAtMs, counted, warned, reason, text];
    }
  }
}
