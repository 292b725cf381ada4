import type { Gauge } from 'prom-client';
import { formatWindow } from '../lib/rate.ts';
import type { QuotaUse } from '../policy/quota.ts';
import type { AccountState } from '../relay/account.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { LaneCount, StoreStats } from '../relay/queue.ts';
import type { Instruments } from './metric-instruments.ts';
import {
  ACCOUNT_STATES,
  accountLabel,
  type KnownNames,
  NONE,
  OTHER,
  RECIPIENT_STATES,
} from './metric-labels.ts';

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
  disk(): Promise<DiskSpace>;
  logLinesDropped(): number;
}

/** The file system of queue.directory; with less than `limitBytes` free no mail is taken. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly sizeBytes: number;
  readonly limitBytes: number;
}

/** A storage that hangs must not hang the scrape: its part is left out. */
export const scrapePartMsMax = 2_000;

type Part = 'queue' | 'accounts' | 'store' | 'disk';

/**
 * Brings the gauges up to date: those of the queue and the accounts by asking, the process's by
 * looking.
 */
export async function refreshGauges(
  m: Instruments,
  sources: MetricSources,
  known: KnownNames,
  nowMs: number,
): Promise<void> {
  setConnections(m, sources.connections(), known);
  setStandIns(m, sources.standIns(), known);
  setInstants(m.relayd_account_last_success_timestamp_seconds, sources.lastDeliveredAtMs());
  setInstants(
    m.relayd_upstream_certificate_not_after_timestamp_seconds,
    sources.certificatesEndMs(),
  );
  setInstants(m.relayd_tls_exception_end_timestamp_seconds, sources.exceptionsEndMs());
  setCredentials(m, sources.credentials(), nowMs);
  setQuotas(m, sources.quotas());
  setHeldSenders(m, sources.heldSenders());
  setPaces(m, sources.slowed());
  const { paused, holdRules } = sources.steering();
  m.relayd_paused.set(paused ? 1 : 0);
  m.relayd_hold_rules.set(holdRules);
  await Promise.all([
    part(m, 'queue', sources.counts(), (counts) => {
      setQueue(m, counts, known, nowMs);
      setInstants(m.relayd_quota_out_timestamp_seconds, sources.outAtMs(counts));
    }),
    part(m, 'accounts', sources.accountStates(), (states) => setAccountStates(m, states, known)),
    part(m, 'store', sources.storeStats(), (stats) => m.relayd_store_bytes.set(stats.bytesOnDisk)),
    part(m, 'disk', sources.disk(), (disk) => setDisk(m, disk)),
  ]);
}

/** One part of a scrape. When it fails its old values go too: a stale number is worse than none. */
async function part<Answer>(
  m: Instruments,
  name: Part,
  asked: Promise<Answer>,
  set: (answer: Answer) => void,
): Promise<void> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), scrapePartMsMax);
  const answer = await Promise.race([asked.catch(() => null), late.promise]);
  clearTimeout(timer);
  for (const gauge of gaugesOf(m, name)) gauge.reset();
  if (answer === null) m.relayd_scrape_failures_total.inc({ part: name });
  else set(answer);
}

function gaugesOf(m: Instruments, name: Part) {
  switch (name) {
    case 'queue':
      return [
        m.relayd_queue_recipients,
        m.relayd_queue_oldest_seconds,
        m.relayd_quota_out_timestamp_seconds,
      ];
    case 'accounts':
      return [m.relayd_account_state];
    case 'store':
      return [m.relayd_store_bytes];
    case 'disk':
      return [m.relayd_disk_free_bytes, m.relayd_disk_size_bytes, m.relayd_disk_free_limit_bytes];
  }
}

/**
 * Zero for what is empty, so that an alert sees a queue appear; lanes of accounts that are gone are
 * summed.
 */
function setQueue(
  m: Instruments,
  counts: readonly LaneCount[],
  known: KnownNames,
  nowMs: number,
): void {
  const oldest = new Map<string, number>();
  for (const account of [...known.accounts, NONE, OTHER]) {
    for (const state of RECIPIENT_STATES) {
      m.relayd_queue_recipients.set({ account, state }, 0);
      m.relayd_queue_oldest_seconds.set({ account, state }, 0);
    }
  }
  for (const { lane, state, recipients, oldestAcceptedAtMs } of counts) {
    const account = accountLabel(known, lane);
    m.relayd_queue_recipients.inc({ account, state }, recipients);
    const ageSeconds = Math.max(0, nowMs - oldestAcceptedAtMs) / 1000;
    const key = `${account} ${state}`;
    oldest.set(key, Math.max(oldest.get(key) ?? 0, ageSeconds));
    m.relayd_queue_oldest_seconds.set({ account, state }, oldest.get(key) ?? 0);
  }
}

function setAccountStates(
  m: Instruments,
  states: ReadonlyMap<string, AccountState>,
  known: KnownNames,
): void {
  for (const account of known.accounts) {
    const is = states.get(account)?.is ?? 'open';
    for (const state of ACCOUNT_STATES) {
      m.relayd_account_state.set({ account, state }, state === is ? 1 : 0);
    }
  }
}

function setConnections(
  m: Instruments,
  open: ReadonlyMap<string, number>,
  known: KnownNames,
): void {
  m.relayd_upstream_connections.reset();
  for (const account of known.accounts) m.relayd_upstream_connections.set({ account }, 0);
  for (const [name, count] of open) {
    m.relayd_upstream_connections.inc({ account: accountLabel(known, name) }, count);
  }
}

/** Instants by account; what has none is absent. */
function setInstants(gauge: Gauge, atMs: ReadonlyMap<string, number>): void {
  gauge.reset();
  for (const [account, ms] of atMs) gauge.set({ account }, ms / 1000);
}

function setStandIns(
  m: Instruments,
  standIns: ReadonlyMap<string, ReadonlySet<string>>,
  known: KnownNames,
): void {
  m.relayd_failover_active.reset();
  for (const [account, takers] of standIns) {
    // An account that left the configuration may be remembered for a while.
    for (const to of takers) {
      if (known.accounts.has(account) && known.accounts.has(to)) {
        m.relayd_failover_active.set({ account, to }, 1);
      }
    }
  }
}

function setDisk(m: Instruments, { freeBytes, sizeBytes, limitBytes }: DiskSpace): void {
  m.relayd_disk_free_bytes.set(freeBytes);
  m.relayd_disk_size_bytes.set(sizeBytes);
  m.relayd_disk_free_limit_bytes.set(limitBytes);
}

function setCredentials(
  m: Instruments,
  credentials: ReadonlyMap<string, readonly CredentialUse[]>,
  nowMs: number,
): void {
  m.relayd_credential_age_seconds.reset();
  m.relayd_credential_last_success_timestamp_seconds.reset();
  for (const [account, uses] of credentials) {
    const used = uses.find(({ inUse }) => inUse);
    if (used === undefined) continue;
    const { firstSeenAtMs, lastAcceptedAtMs } = used;
    m.relayd_credential_age_seconds.set({ account }, Math.max(0, nowMs - firstSeenAtMs) / 1000);
    if (lastAcceptedAtMs === null) continue;
    const seconds = lastAcceptedAtMs / 1000;
    m.relayd_credential_last_success_timestamp_seconds.set({ account }, seconds);
  }
}

function setQuotas(m: Instruments, quotas: ReadonlyMap<string, readonly QuotaUse[]>): void {
  m.relayd_quota_used.reset();
  m.relayd_quota_limit.reset();
  m.relayd_quota_left.reset();
  for (const [account, uses] of quotas) {
    // Windows that roll and those of the calendar share their labels: what is set last stays.
    const byShare = uses.toSorted((a, b) => a.used / a.rate.count - b.used / b.rate.count);
    for (const { rate, used } of byShare) {
      const labels = { account, window: formatWindow(rate.windowMs), counts: rate.counts };
      m.relayd_quota_used.set(labels, used);
      m.relayd_quota_limit.set(labels, rate.count);
      // A limit that was lowered may lie below what is used.
      m.relayd_quota_left.set(labels, Math.max(0, rate.count - used));
    }
  }
}

function setHeldSenders(m: Instruments, counts: ReadonlyMap<string, number>): void {
  m.relayd_held_senders.reset();
  for (const [account, count] of counts) m.relayd_held_senders.set({ account }, count);
}

function setPaces(m: Instruments, slowed: ReturnType<MetricSources['slowed']>): void {
  m.relayd_account_pace_per_second.reset();
  for (const [account, { perSecond }] of slowed) {
    if (perSecond !== null) m.relayd_account_pace_per_second.set({ account }, perSecond);
  }
}
