import type { Readable } from 'node:stream';
import type { AccountState } from './account.ts';
import type { CertificateMemory } from './certificate.ts';
import type { CredentialMemory, KeptToken } from './credential.ts';
import type { FeedbackStore } from './feedback.ts';
import type { HeldSender, SendersReleased } from './held-sender.ts';
import type { LogFind, LogPage } from './log-search.ts';
import type { Body, MessageId } from './message.ts';
import type {
  Flushed,
  HistoryEntry,
  LaneCount,
  LaneSurvey,
  Lease,
  LeaseOwner,
  NewMessage,
  OperatorAction,
  QueueFilter,
  QueuePage,
  QueueRow,
  RecipientState,
  Recovered,
  Settlement,
  StoreStats,
  Work,
} from './queue.ts';
import type { QueueCount, QueueGroup, QueueGroupKey, QueueSort, Redirect } from './queue-views.ts';
import type { KeptQuota } from './quota.ts';
import type { Refusals } from './refusals.ts';
import type { HoldRule, RelayPause, Steering } from './steering.ts';

/** Milliseconds since 1970. */
export type Clock = () => number;

/** Uniform in [0, 1). */
export type Dice = () => number;

/**
 * The durable queue. Every promise resolves after the commit that made it true, and rejects with
 * StoreError when the storage could not do it (disk full, I/O error): then nothing was changed.
 * One contract suite (test/contract) runs on every implementation.
 */
export interface QueueStore extends FeedbackStore {
  /**
   * All of them in one transaction: a message whose recipients take different routes enters as
   * several.
   */
  accept(incoming: readonly NewMessage[]): Promise<void>;
  /** Leases up to `limit` messages of one lane, earliest due first, due at or before nowMs. */
  claim(query: { lane: string; nowMs: number; lease: Lease; limit: number }): Promise<Work[]>;
  /** Leases messages whose lifetime is over, of any lane and state except leased. */
  claimExpired(query: { nowMs: number; lease: Lease; limit: number }): Promise<Work[]>;
  /**
   * Leases the recipients that match (whatever their state, except leased) to settle them with a
   * DSN.
   */
  claimMatching(query: { filter: QueueFilter; lease: Lease; limit: number }): Promise<Work[]>;
  settle(settlement: Settlement): Promise<void>;
  body(id: MessageId): Promise<Body | null>;
  /**
   * At start: ends the leases of earlier runs. `dotted`: ids whose final dot went out, known while
   * the boot is the same.
   */
  recover(query: {
    owner: LeaseOwner;
    nowMs: number;
    dotted: ReadonlySet<MessageId>;
    inDoubtDueAtMs: number;
    inDoubtHold: boolean;
  }): Promise<Recovered>;
  counts(): Promise<LaneCount[]>;
  /**
   * Earliest expiry of anything in the queue that is neither leased nor quarantined; null: none.
   */
  nextExpiry(): Promise<number | null>;
  /**
   * Due times further ahead than any schedule allows (the clock went back) are brought to
   * `latestMs`.
   */
  clampDue(latestMs: number): Promise<number>;
  /**
   * Without `sort` (or by age) in the order of the ids, and a page reads no more than it needs to;
   * any other order reads the whole queue for every page, in stretches.
   */
  list(query: {
    filter: QueueFilter;
    sort?: QueueSort | undefined;
    after: MessageId | null;
    limit: number;
  }): Promise<QueuePage>;
  /** What matches and is in one of the states. */
  count(query: { filter: QueueFilter; states: readonly RecipientState[] }): Promise<QueueCount>;
  /**
   * What matches by group and age, the largest groups first. `merged`: there are more groups than
   * are kept apart, the last one is all the others.
   */
  groups(query: {
    filter: QueueFilter;
    by: readonly QueueGroupKey[];
    nowMs: number;
  }): Promise<{ groups: readonly QueueGroup[]; merged: boolean }>;
  show(id: MessageId): Promise<{ queued: QueueRow | null; history: HistoryEntry | null }>;
  /**
   * Clears back-off, and then pauses (and holds with includeHeld) of the accounts concerned. A long
   * queue is worked through in stretches, so that nothing else waits for it. In-doubt mail keeps its delay unless it is addressed by id or includeHeld is
   * given: it may already be there. Accounts concerned: those of the mail that matches,
   * filter.account, and all when the filter is empty.
   */
  flush(query: { filter: QueueFilter; includeHeld: boolean; nowMs: number }): Promise<Flushed>;
  /**
   * What a flush of the same mail would set in motion, by lane, and how much of it expires at or
   * before each of the instants.
   */
  survey(query: {
    filter: QueueFilter;
    includeHeld: boolean;
    expiriesMs: readonly number[];
  }): Promise<readonly LaneSurvey[]>;
  act(query: {
    filter: QueueFilter;
    action: OperatorAction;
    nowMs: number;
  }): Promise<{ recipients: number; messages: number }>;
  /** Moves waiting and held mail between lanes after a reload. In-doubt stays with its account. */
  relane(moves: readonly { id: MessageId; lane: string | null }[]): Promise<void>;
  /** All of them in one transaction. Returns how many recipients were as they were said to be. */
  redirect(query: { moves: readonly Redirect[]; nowMs: number }): Promise<number>;
  accountStates(): Promise<ReadonlyMap<string, AccountState>>;
  setAccountState(account: string, state: AccountState): Promise<void>;
  /** What is remembered of each account's server, by account; also of accounts that are gone. */
  certificates(): Promise<ReadonlyMap<string, CertificateMemory>>;
  rememberCertificates(account: string, memory: CertificateMemory): Promise<void>;
  /** What is known of each account's credentials, by account; also of accounts that are gone. */
  credentials(): Promise<ReadonlyMap<string, CredentialMemory>>;
  rememberCredentials(account: string, memory: CredentialMemory): Promise<void>;
  /** What accounts have sent, as last kept. */
  quotas(): Promise<ReadonlyMap<string, KeptQuota>>;
  saveQuota(account: string, quota: KeptQuota): Promise<void>;
  /** What accounts were refused since they last delivered. */
  refusals(): Promise<ReadonlyMap<string, Refusals>>;
  /** Null: forgotten. */
  saveRefusals(account: string, refusals: Refusals | null): Promise<void>;
  /** By account and address; also of accounts that are gone. */
  heldSenders(): Promise<readonly HeldSender[]>;
  holdSender(held: HeldSender): Promise<void>;
  /**
   * Ends the hold of one sender, null: of all of the account, and lets the mail that is held because
   * of its sender wait, in one transaction.
   */
  releaseSenders(query: {
    account: string;
    sender: string | null;
    dueAtMs: number;
  }): Promise<SendersReleased>;
  /** Ends the holds that stop any mail that matches; the mail itself stays held. */
  liftSenders(filter: QueueFilter): Promise<readonly Pick<HeldSender, 'account' | 'sender'>[]>;
  /** What an operator has ordered for the time to come. */
  steering(): Promise<Steering>;
  addHoldRule(rule: Omit<HoldRule, 'id'>): Promise<HoldRule>;
  /** The mail it has held stays as it is. */
  removeHoldRule(id: number): Promise<void>;
  /** Null: there is none. */
  savePause(pause: RelayPause | null): Promise<void>;
  history(query: { limit: number; before: MessageId | null }): Promise<HistoryEntry[]>;
  /** Messages of the queue and the history, newest first. */
  search(find: LogFind): Promise<LogPage>;
  /**
   * Deletes settled history older than beforeMs; never touches what is unsent. Returns rows
   * deleted.
   */
  expireHistory(beforeMs: number): Promise<number>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}

/**
 * The storage could not do it; nothing changed. `full` asks for 452 4.3.1, the others for 451
 * 4.3.0.
 */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly fault: 'full' | 'io' | 'closed';

  constructor(fault: 'full' | 'io' | 'closed', message: string) {
    super(message);
    this.fault = fault;
  }
}

/**
 * Large bodies on their way into a file: written, fsynced, renamed, directory fsynced before
 * accept() may name it.
 */
export interface Spool {
  create(id: MessageId): Promise<SpoolWriter>;
  /** From `range.start` up to and with `range.end`; without a range all of it. */
  read(file: string, range?: { readonly start: number; readonly end: number }): Readable;
}

export interface SpoolWriter {
  write(chunk: Buffer): Promise<void>;
  /** Durable afterwards; gives the name for Body.file. Rejects with StoreError. */
  commit(): Promise<string>;
  /** Removes the file, also after commit() when no accept() came to name it. */
  abort(): Promise<void>;
}

/** Refresh tokens that providers handed out themselves. Every promise rejects with StoreError. */
export interface TokenVault {
  /** All of them, by account. */
  read(): Promise<ReadonlyMap<string, KeptToken>>;
  /** Durable afterwards, in place of what was. */
  keep(account: string, token: KeptToken): Promise<void>;
  remove(account: string): Promise<void>;
}

/**
 * Which attempts are past their final dot, told to the kernel (not fsynced) before the dot goes
 * out: survives kill -9, not a power cut. One slot per running attempt.
 */
export interface DotLedger {
  /** Call before the final dot is written. Returns the slot. */
  mark(id: MessageId): number;
  /** Call after the settlement is durable. */
  clear(slot: number): void;
  /** The same where the message has left the queue: nobody will ask for its mark. */
  drop(slot: number): void;
}

/** The way of fresh mail into delivery without a detour over the database. */
export interface Dispatch {
  /** Which of these accounts takes a new message for so many recipients; the first that works. */
  choose(accounts: readonly string[], recipients: number): string;
  /**
   * A lease when the lane has room for one more attempt right now; null: accept the message as
   * waiting.
   */
  reserve(lane: string, bytes: number): Lease | null;
  /**
   * After accept() returned: starts the attempt that was reserved, with the body still in memory.
   */
  start(work: Work, body: Body): void;
  /** accept() failed: gives the reserved place back. */
  cancel(lane: string, bytes: number): void;
  /** Waiting mail was added to the lane. */
  wake(lane: string, dueAtMs: number): void;
}
