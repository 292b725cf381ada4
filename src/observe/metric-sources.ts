import type { QuotaUse } from '../policy/quota.ts';
import type { AccountState } from '../relay/account.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { LaneCount, StoreStats } from '../relay/queue.ts';

/** What a scrape asks of the parts that know. */
export interface MetricSources {
  counts(): Promise<readonly LaneCount[]>;
  accountStates(): Promise<ReadonlyMap<string, AccountState>>;
  storeStats(): Promise<StoreStats>;
  /** Open upstream connections by account. */
  connections(): ReadonlyMap<string, number>;
  /** Who stands in for an account that does not work, by that account. */
  standIns(): ReadonlyMap<string, ReadonlySet<string>>;
  /** When each account last delivered; in milliseconds since 1970. */
  lastDeliveredAtMs(): ReadonlyMap<string, number>;
  /** Fresh messages in a row that each account in force has tried and not delivered. */
  failuresInARow(): ReadonlyMap<string, number>;
  /** When each account's certificate ends, as last seen; in milliseconds since 1970. */
  certificatesEndMs(): ReadonlyMap<string, number>;
  /** When the `tls.exception` of accounts ends; in milliseconds since 1970. */
  exceptionsEndMs(): ReadonlyMap<string, number>;
  /** What each account in force has to log in with. */
  credentials(): ReadonlyMap<string, readonly CredentialUse[]>;
  /** What the accounts in force have used of their limits. */
  quotas(): ReadonlyMap<string, readonly QuotaUse[]>;
  /** When what waits of these can be out by the limits of its accounts, in ms since 1970. */
  outAtMs(counts: readonly LaneCount[]): ReadonlyMap<string, number>;
  /** How many senders each account may not send as. */
  heldSenders(): ReadonlyMap<string, number>;
  /** What the accounts in force keep to because of their upstreams; null: nothing. */
  slowed(): ReadonlyMap<string, { readonly perSecond: number | null }>;
  /** Whether all delivery is paused, and how many hold rules are in force. */
  steering(): { readonly paused: boolean; readonly holdRules: number };
  /** Events that each webhook and command has not been told of yet. */
  alertsWaiting(): ReadonlyMap<string, number>;
  /** Addresses on the suppression list. */
  suppressed(): number;
  disk(): Promise<DiskSpace>;
  logLinesDropped(): number;
  /** Spans by what became of them; null: tracing is off. */
  spans(): Readonly<Record<string, number>> | null;
}

/** The file system of queue.directory; with less than `limitBytes` free no mail is taken. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly sizeBytes: number;
  readonly limitBytes: number;
}
