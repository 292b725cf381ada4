import type { HistoryEvent } from './history-event.ts';
import type { Body, Message, MessageId } from './message.ts';
import type { Outcome, Phase, ReasonClass } from './outcome.ts';

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
export const RECIPIENT_STATES = ['waiting', 'leased', 'in-doubt', 'held', 'quarantined'] as const;
export type RecipientState = (typeof RECIPIENT_STATES)[number];

/** A message entering the queue; all its recipients start in the same lane and state. */
export interface NewMessage {
  readonly message: Message;
  readonly body: Body;
  /** Account the current routes give; null only with `held`. */
  readonly lane: string | null;
  readonly start: // Goes straight to an attempt, body still in memory.
    | { readonly is: 'leased'; readonly lease: Lease }
    | { readonly is: 'waiting'; readonly dueAtMs: number }
    | { readonly is: 'held'; readonly reason: string }
    // Ends at once: only the history gets it. Its body is not kept.
    | { readonly is: 'discarded'; readonly text: string };
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
  /**
   * Last known cause as text (`550 5.1.1 no such user`, hold reason), null before the first
   * attempt.
   */
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
    /** What the provider calls the message; absent when it was not taken or said nothing known. */
    readonly providerId?: string;
  }[];
  /** Where it ended; absent at success and in rows from before. */
  readonly phase?: Phase;
  /** Why nobody was tried: the account had to stop. */
  readonly stopped?: string;
}

/** The dialogue of an attempt that failed, without secrets and content. */
export interface KeptDialogue {
  readonly account: string;
  readonly startedAtMs: number;
  /** `> EHLO relay.example`, `< 250 SIZE 1000`, and remarks of our own: `(1234 bytes of content)`. */
  readonly lines: readonly string[];
}

/** The end of a lease, with whatever it caused, in one transaction. */
export interface Settlement {
  readonly id: MessageId;
  readonly lease: Lease;
  readonly recipients: readonly RecipientSettlement[];
  readonly attempt: AttemptRecord | null;
  /** Absent: nothing failed, or nothing was said. */
  readonly dialogue?: KeptDialogue;
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
  /** Class of the last known cause. */
  readonly reasons?: readonly ReasonClass[];
  /** Accepted before this instant. */
  readonly olderThanMs?: number;
  /** Accepted after this instant. */
  readonly newerThanMs?: number;
  /** Held by the hold rule with this id. */
  readonly heldBy?: number;
}

export interface QueuePage {
  readonly rows: readonly QueueRow[];
  /** Pass as `after` for the next page; null at the end. */
  readonly next: MessageId | null;
  /** The message `after` has left the queue: where the page begins is not known. Rows are empty. */
  readonly lost?: true;
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
    /** The lane it left from; absent where an attempt says so, and in rows from before. */
    readonly account?: string;
  }[];
  readonly attempts: readonly AttemptRecord[];
  /** Absent: none. */
  readonly events?: readonly HistoryEvent[];
  /** The last ones, the newest first, as far as there is room for them; absent: none. */
  readonly dialogues?: readonly KeptDialogue[];
}

/** What a flush would set in motion in one lane. */
export interface LaneSurvey {
  /** Account; null for mail without a lane. */
  readonly lane: string | null;
  readonly recipients: number;
  readonly messages: number;
  /** Of the recipients, how many expire at or before each of the instants asked about. */
  readonly expiring: readonly number[];
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
 * A change to mail in the queue made by an operator, never to leased recipients. `hold` stops
 * waiting and in-doubt ones, `release` lets held and quarantined ones wait, `remove` settles any
 * without a DSN.
 */
export type OperatorAction =
  | { readonly is: 'hold'; readonly reason: string }
  | { readonly is: 'release'; readonly dueAtMs: number }
  | { readonly is: 'remove' };

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
