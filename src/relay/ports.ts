import type { Readable } from 'node:stream';
import type { AccountState } from './account.ts';
import type { Body, Message, MessageId } from './message.ts';
import type { Outcome, ReasonClass } from './outcome.ts';

/** Milliseconds since 1970. */
export type Clock = () => number;
/** Uniform in [0, 1). */
export type Dice = () => number;

/** Who holds a lease: one run of the daemon on one boot of the machine. */
export interface LeaseOwner {
  /** /proc/sys/kernel/random/boot_id; after another boot nobody knows what was sent. */
  readonly boot: string;
  /** Unique for one run of the daemon. */
  readonly run: string;
}

export interface Lease {
  readonly owner: LeaseOwner;
  readonly untilMs: number;
}

/** State of one recipient in the queue. Settled recipients leave it for the history. */
export type RecipientState = 'waiting' | 'leased' | 'in-doubt' | 'held' | 'quarantined';

/** A message entering the queue; all its recipients start in the same lane and state. */
export interface NewMessage {
  readonly message: Message;
  readonly body: Body;
  /** Account the current routes give; null only with `held`. */
  readonly lane: string | null;
  readonly start:
    | { readonly is: 'leased'; readonly lease: Lease } // goes straight to an attempt, body still in memory
    | { readonly is: 'waiting'; readonly dueAtMs: number }
    | { readonly is: 'held'; readonly reason: string };
}

/** One recipient of a message as the queue keeps it. */
export interface QueuedRecipient {
  /** Index into message.envelope.recipients. */
  readonly index: number;
  /** In Work: the state it was leased from, so that in-doubt mail is still known as such. */
  readonly state: RecipientState;
  readonly lane: string | null;
  /** Attempts that counted. */
  readonly attempts: number;
  /** When state is waiting or in-doubt. */
  readonly dueAtMs: number;
  readonly delayWarned: boolean;
  /** Last known cause as text (`550 5.1.1 no such user`, hold reason), null before the first attempt. */
  readonly lastText: string | null;
  readonly lastReason: ReasonClass | null;
}

/** Leased work: one message and those of its recipients that are due in one lane. */
export interface Work {
  readonly message: Message;
  readonly recipients: readonly QueuedRecipient[];
  readonly lease: Lease;
}

/** What becomes of one recipient when a lease ends. */
export type Disposition =
  | { readonly is: 'settled'; readonly outcome: 'delivered' | 'bounced' | 'discarded' | 'removed' }
  | {
      readonly is: 'waiting';
      readonly dueAtMs: number;
      readonly counted: boolean;
      readonly delayWarned: boolean;
      readonly lane: string;
    }
  | { readonly is: 'in-doubt'; readonly dueAtMs: number; readonly lane: string }
  | { readonly is: 'held' };

export interface RecipientSettlement {
  readonly index: number;
  readonly becomes: Disposition;
  readonly reason: ReasonClass;
  /** Reply or cause as one line. */
  readonly text: string;
}

/** One attempt as the history keeps it. */
export interface AttemptRecord {
  readonly account: string;
  /** Username the session was authenticated as; null without AUTH. */
  readonly authenticatedAs: string | null;
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384`, null without TLS. */
  readonly tls: string | null;
  /** Peer host and port. */
  readonly peer: string;
  /** Per recipient index: outcome kind and text. */
  readonly results: readonly {
    readonly index: number;
    readonly outcome: Outcome['kind'];
    readonly text: string;
  }[];
}

/** The end of a lease, with whatever it caused, in one transaction. */
export interface Settlement {
  readonly id: MessageId;
  readonly lease: Lease;
  readonly recipients: readonly RecipientSettlement[];
  readonly attempt: AttemptRecord | null;
  /** Notifications owed because of it; durable exactly when the settlement is. */
  readonly notifications: readonly NewMessage[];
}

/** Operator's choice of recipients in the queue; all given conditions must hold. */
export interface QueueFilter {
  readonly id?: MessageId;
  readonly account?: string;
  readonly client?: string;
  /** Address or @domain. */
  readonly sender?: string;
  readonly recipient?: string;
  readonly states?: readonly RecipientState[];
  /** Accepted before this instant. */
  readonly olderThanMs?: number;
  /** Accepted after this instant. */
  readonly newerThanMs?: number;
}

export interface QueuePage {
  readonly rows: readonly QueueRow[];
  /** Pass as `after` for the next page; null at the end. */
  readonly next: MessageId | null;
}

export interface QueueRow {
  readonly message: Message;
  readonly recipients: readonly QueuedRecipient[];
}

export interface LaneCount {
  /** Account; null for mail without a lane. */
  readonly lane: string | null;
  readonly state: RecipientState;
  readonly recipients: number;
  readonly oldestAcceptedAtMs: number;
  /** Earliest due time of waiting and in-doubt ones, null otherwise. */
  readonly nextDueAtMs: number | null;
}

/** An event of the past as the history keeps it. */
export interface HistoryEntry {
  readonly message: Message;
  readonly settledAtMs: number | null;
  readonly recipients: readonly {
    readonly index: number;
    readonly outcome: string;
    readonly reason: ReasonClass;
    readonly text: string;
    readonly atMs: number;
  }[];
  readonly attempts: readonly AttemptRecord[];
}

/** What a flush set in motion. */
export interface Flushed {
  readonly recipients: number;
  readonly messages: number;
  /** Accounts whose pause was cleared. */
  readonly accountsResumed: readonly string[];
  readonly lanes: readonly string[];
}

export interface Recovered {
  /** Recipients whose attempt had not sent the final dot: due at once. */
  readonly requeued: number;
  /** Recipients whose attempt was past the dot, or ran when the machine went down. */
  readonly inDoubt: number;
  readonly quarantined: number;
}

/**
 * A change to mail in the queue made by an operator, never to leased recipients. `hold` stops waiting and
 * in-doubt ones, `release` lets held and quarantined ones wait, `remove` settles any without a DSN.
 */
export type OperatorAction =
  | { readonly is: 'hold'; readonly reason: string }
  | { readonly is: 'release'; readonly dueAtMs: number }
  | { readonly is: 'remove' };

/**
 * The durable queue. Every promise resolves after the commit that made it true, and rejects with
 * StoreError when the storage could not do it (disk full, I/O error): then nothing was changed.
 * One contract suite (test/contract) runs on every implementation.
 */
export interface QueueStore {
  /** All of them in one transaction: a message whose recipients take different routes enters as several. */
  accept(incoming: readonly NewMessage[]): Promise<void>;
  /** Leases up to `limit` messages of one lane, earliest due first, due at or before nowMs. */
  claim(query: { lane: string; nowMs: number; lease: Lease; limit: number }): Promise<Work[]>;
  /** Leases messages whose lifetime is over, of any lane and state except leased. */
  claimExpired(query: { nowMs: number; lease: Lease; limit: number }): Promise<Work[]>;
  /** Leases the recipients that match (whatever their state, except leased) to settle them with a DSN. */
  claimMatching(query: { filter: QueueFilter; lease: Lease; limit: number }): Promise<Work[]>;
  settle(settlement: Settlement): Promise<void>;
  body(id: MessageId): Promise<Body | null>;
  /** At start: ends the leases of earlier runs. `dotted`: ids whose final dot went out, known while the boot is the same. */
  recover(query: {
    owner: LeaseOwner;
    nowMs: number;
    dotted: ReadonlySet<MessageId>;
    inDoubtDueAtMs: number;
    inDoubtHold: boolean;
  }): Promise<Recovered>;
  counts(): Promise<LaneCount[]>;
  /** Earliest expiry of anything in the queue that is neither leased nor quarantined; null: none. */
  nextExpiry(): Promise<number | null>;
  /** Due times further ahead than any schedule allows (the clock went back) are brought to `latestMs`. */
  clampDue(latestMs: number): Promise<number>;
  list(query: { filter: QueueFilter; after: MessageId | null; limit: number }): Promise<QueuePage>;
  show(id: MessageId): Promise<{ queued: QueueRow | null; history: HistoryEntry | null }>;
  /**
   * Clears back-off, and pauses (and holds with includeHeld) of the accounts concerned, in one transaction.
   * In-doubt mail keeps its delay unless it is addressed by id or includeHeld is given: it may already be there.
   * Accounts concerned: those of the mail that matches, filter.account, and all when the filter is empty.
   */
  flush(query: { filter: QueueFilter; includeHeld: boolean; nowMs: number }): Promise<Flushed>;
  act(query: {
    filter: QueueFilter;
    action: OperatorAction;
    nowMs: number;
  }): Promise<{ recipients: number; messages: number }>;
  /** Moves waiting and held mail between lanes after a reload. In-doubt stays with its account. */
  relane(moves: readonly { id: MessageId; lane: string | null }[]): Promise<void>;
  accountStates(): Promise<ReadonlyMap<string, AccountState>>;
  setAccountState(account: string, state: AccountState): Promise<void>;
  history(query: { limit: number; before: MessageId | null }): Promise<HistoryEntry[]>;
  /** Deletes settled history older than beforeMs; never touches what is unsent. Returns rows deleted. */
  expireHistory(beforeMs: number): Promise<number>;
  stats(): Promise<StoreStats>;
  close(): Promise<void>;
}

export interface StoreStats {
  /** Highest message number ever held; seeds messageIdSource. */
  readonly lastMessageNumber: number;
  readonly schemaVersion: number;
  readonly bytesOnDisk: number;
  readonly commits: number;
  readonly commitMsTotal: number;
  readonly commitMsMax: number;
  readonly batchTotal: number;
}

/** The storage could not do it; nothing changed. `full` asks for 452 4.3.1, the others for 451 4.3.0. */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly fault: 'full' | 'io' | 'closed';

  constructor(fault: 'full' | 'io' | 'closed', message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Large bodies on their way into a file: written, fsynced, renamed, directory fsynced before accept() may name it. */
export interface Spool {
  create(id: MessageId): Promise<SpoolWriter>;
  read(file: string): Readable;
}

export interface SpoolWriter {
  write(chunk: Buffer): Promise<void>;
  /** Durable afterwards; gives the name for Body.file. Rejects with StoreError. */
  commit(): Promise<string>;
  /** Removes the file, also after commit() when no accept() came to name it. */
  abort(): Promise<void>;
}

/**
 * Which attempts are past their final dot, told to the kernel (not fsynced) before the dot goes out: survives
 * kill -9, not a power cut. One slot per running attempt.
 */
export interface DotLedger {
  /** Call before the final dot is written. Returns the slot. */
  mark(id: MessageId): number;
  /** Call after the settlement is durable. */
  clear(slot: number): void;
}

/** The way of fresh mail into delivery without a detour over the database. */
export interface Dispatch {
  /** A lease when the lane has room for one more attempt right now; null: accept the message as waiting. */
  reserve(lane: string, bytes: number): Lease | null;
  /** After accept() returned: starts the attempt that was reserved, with the body still in memory. */
  start(work: Work, body: Body): void;
  /** accept() failed: gives the reserved place back. */
  cancel(lane: string, bytes: number): void;
  /** Waiting mail was added to the lane. */
  wake(lane: string, dueAtMs: number): void;
}
