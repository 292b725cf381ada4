import type { StatsRow } from '../policy/sending-stats.ts';
import type { AccountState, TlsFault } from '../relay/account.ts';
import type { RememberedCertificate } from '../relay/certificate.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { HistoryEntry, LaneCount, QueueRow, StoreStats } from '../relay/queue.ts';
import type { RouteEdits } from '../relay/route.ts';
import type { HoldRule, RelayDrain, RelayPause } from '../relay/steering.ts';

/**
 * What the daemon answers. All of it is plain JSON: instants in milliseconds since 1970, sizes in
 * bytes.
 */

export interface StatusReport {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly hostname: string;
  /** The configuration file in force. */
  readonly config: string;
  readonly state: 'running' | 'stopping';
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly listeners: readonly ListenerReport[];
  readonly queue: readonly LaneCount[];
  readonly accounts: readonly AccountReport[];
  /** Resident memory of the process. */
  readonly memoryBytes: number;
  readonly store: StoreStats;
  /** The last reload that was refused and is not yet mended; null when the file is in force. */
  readonly refusedReload: { readonly atMs: number; readonly problems: readonly string[] } | null;
  /** All delivery is paused; null: it is not. */
  readonly pause: RelayPause | null;
  /** No mail is taken; absent or null: it is. */
  readonly drain?: RelayDrain | null;
  /** For mail to come, in force now. */
  readonly holdRules: readonly HoldRule[];
}

export interface ListenerReport {
  /** As in relay.yaml: `127.0.0.1:587`. */
  readonly listen: string;
  readonly tls: 'none' | 'starttls' | 'implicit';
  /** Open SMTP sessions. */
  readonly sessions: number;
}

export interface AccountReport {
  readonly name: string;
  readonly provider: string | null;
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly state: AccountState;
  /** Senders that its provider does not let it send as; their mail is held. */
  readonly heldSenders: readonly HeldSenderReport[];
  /** Open upstream connections, the most there may be, and how many its upstream bears now. */
  readonly connections: { readonly open: number; readonly max: number; readonly now: number };
  /** Messages or recipients, as it counts; null: its upstream does not hold it back. */
  readonly pacePerSecond: number | null;
  readonly queue: readonly LaneCount[];
  /** Windows of `limits.rate` with what was used of each; empty without limits. */
  readonly quota: readonly QuotaReport[];
  /**
   * About when what waits will be out, by those limits alone; null: there are none, or nothing
   * waits.
   */
  readonly outAtMs: number | null;
  /** Null: nothing since the daemon started. */
  readonly lastDeliveredAtMs: number | null;
}

export interface HeldSenderReport {
  readonly sender: string;
  /** The provider's reply as one line. */
  readonly detail: string;
  readonly hint: string;
  readonly sinceMs: number;
}

export interface QuotaReport {
  /** As in relay.yaml: `500/d`. */
  readonly rate: string;
  readonly used: number;
}

/** One account with all that explains its state. */
export interface AccountDetail {
  readonly account: AccountReport;
  /** Routes that name it, in the order they are tried. */
  readonly routes: readonly {
    readonly index: number;
    readonly line: number;
    readonly sender: string | null;
  }[];
  /** Accounts that take its mail now; empty while it works or none of its routes has another. */
  readonly handsOverTo: readonly string[];
  /** Accounts whose mail it takes now. */
  readonly standsInFor: readonly string[];
  /** Addresses it may send as; empty: any. */
  readonly identities: readonly string[];
  /** `starttls, verify full, at least TLSv1.2` */
  readonly tls: string;
  readonly exception: {
    readonly allow: readonly TlsFault[];
    readonly reason: string;
    readonly untilMs: number;
  } | null;
  /** What the server showed at the last handshake, with all above it; null: none yet. */
  readonly certificate: RememberedCertificate | null;
  /** What it has to log in with, and which of it is in use; empty: nothing. */
  readonly credentials: readonly CredentialUse[];
  /** The place in the configuration file, for messages that name the line to mend. */
  readonly at: { readonly file: string; readonly line: number };
}

/** Where a message would go, by the configuration alone. */
export interface RouteReport {
  /** `accounts`: it is relayed. `refused`: MAIL or the From field is refused, see `reply`. */
  readonly result: 'accounts' | 'discard' | 'hold' | 'refused';
  /** The route that matched; null when none did or the client may not use the sender. */
  readonly route: { readonly index: number; readonly line: number } | null;
  /** In the order in which they are tried. */
  readonly accounts: readonly RouteAccount[];
  /** What the route changes in the mail it sends; null: nothing. */
  readonly edits: RouteEdits | null;
  /** Who gets a copy. */
  readonly bcc: readonly string[];
  /** The reply to the client when it is refused. */
  readonly reply: string | null;
  /** Why, in one sentence. */
  readonly why: string;
}

export interface RouteAccount {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /**
   * Whether its `identities` cover the sender, rewritten or not; mail is never handed to one that
   * does not.
   */
  readonly maySendAs: boolean;
  /** The address that the route puts in place of the sender; null: it stays. */
  readonly rewrittenTo: string | null;
  /** Null when no daemon was asked. */
  readonly state: AccountState | null;
  /** Whether it is the one that takes the message now; null when no daemon was asked. */
  readonly takes: boolean | null;
}

export interface MessageReport {
  /** Null once no recipient is left in the queue. */
  readonly queued: QueueRow | null;
  readonly history: HistoryEntry | null;
  /** Accounts it waits for in place of the first of its route. */
  readonly standIns: readonly { readonly account: string; readonly insteadOf: string }[];
}

export type MessagePart = 'raw' | 'headers' | 'body';

/** What was read of a message; the bytes themselves came in parts. */
export interface MessageRead {
  readonly bytes: number;
  /** Null: as it is stored, by request or because no configured account is to send it. */
  readonly account: string | null;
  /** Forward-paths of those who get these bytes. */
  readonly recipients: readonly string[];
  /** How many other versions there are, because routes change it for some recipients. */
  readonly otherVersions: number;
}

/** What was sent, by the keys asked for. */
export interface StatsReport {
  readonly sinceMs: number;
  readonly rows: readonly StatsRow[];
  /** Windows of `limits.rate` with what was used of each, by account with limits. */
  readonly quotas: Readonly<Record<string, readonly QuotaReport[]>>;
  /** The last row holds the groups that are too many to be kept apart. */
  readonly merged: boolean;
  /** False: there is more mail than one request reads, and the oldest is missing. */
  readonly complete: boolean;
}

/** What a change to waiting mail reached. */
export interface Touched {
  readonly recipients: number;
  readonly messages: number;
}
