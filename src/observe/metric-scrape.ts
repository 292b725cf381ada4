import { readdirSync, readFileSync } from 'node:fs';
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
  /** When each account's certificate ends, as last seen; in milliseconds since 1970. */
  certificatesEndMs(): ReadonlyMap<string, number>;
  /** What each account in force has to log in with. */
  credentials(): ReadonlyMap<string, readonly CredentialUse[]>;
  /** What the accounts in force have used of their limits. */
  quotas(): ReadonlyMap<string, readonly QuotaUse[]>;
  /** How many senders each account may not send as. */
  heldSenders(): ReadonlyMap<string, number>;
  /** What the accounts in force keep to because of their upstreams; null: nothing. */
  slowed(): ReadonlyMap<string, { readonly perSecond: number | null }>;
  /** Whether all delivery is paused, and how many hold rules are in force. */
  steering(): { readonly paused: boolean; readonly holdRules: number };
  logLinesDropped(): number;
  /** Spans by what became of them; null: tracing is off. */
  spans(): Readonly<Record<string, number>> | null;
}

/** A storage that hangs must not hang the scrape: its part is left out. */
export const scrapePartMsMax = 2_000;

type Part = 'queue' | 'accounts' | 'store';

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
  setCertificates(m, sources.certificatesEndMs(), known);
  setCredentials(m, sources.credentials(), nowMs);
  setQuotas(m, sources.quotas());
  setHeldSenders(m, sources.heldSenders());
  setPaces(m, sources.slowed());
  const { paused, holdRules } = sources.steering();
  m.relayd_paused.set(paused ? 1 : 0);
  m.relayd_hold_rules.set(holdRules);
  await Promise.all([
    part(m, 'queue', sources.counts(), (counts) => setQueue(m, counts, known, nowMs)),
    part(m, 'accounts', sources.accountStates(), (states) => setAccountStates(m, states, known)),
    part(m, 'store', sources.storeStats(), (stats) => m.relayd_store_bytes.set(stats.bytesOnDisk)),
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
      return [m.relayd_queue_recipients, m.relayd_queue_oldest_seconds];
    case 'accounts':
      return [m.relayd_account_state];
    case 'store':
      return [m.relayd_store_bytes];
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

function setCertificates(
  m: Instruments,
  ends: ReadonlyMap<string, number>,
  known: KnownNames,
): void {
  const gauge = m.relayd_upstream_certificate_not_after_seconds;
  gauge.reset();
  for (const account of known.accounts) {
    const endMs = ends.get(account);
    if (endMs !== undefined) gauge.set({ account }, endMs / 1000);
  }
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
  for (const [account, uses] of quotas) {
    // Windows that roll and those of the calendar share their labels: what is set last stays.
    const byShare = uses.toSorted((a, b) => a.used / a.rate.count - b.used / b.rate.count);
    for (const { rate, used } of byShare) {
      const labels = { account, window: formatWindow(rate.windowMs), counts: rate.counts };
      m.relayd_quota_used.set(labels, used);
      m.relayd_quota_limit.set(labels, rate.count);
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

/**
 * The process as the kernel and V8 see it, under the names that Prometheus' client libraries agree
 * on.
 */
export function refreshProcessGauges(m: Instruments): void {
  const memory = process.memoryUsage();
  m.process_resident_memory_bytes.set(memory.rss);
  m.nodejs_heap_used_bytes.set(memory.heapUsed);
  m.nodejs_external_memory_bytes.set(memory.external);
  const cpu = process.cpuUsage();
  setCounter(m.process_cpu_seconds_total, (cpu.user + cpu.system) / 1e6);
  if (process.platform === 'linux') refreshDescriptors(m);
}

/**
 * Looking at the descriptors needs one more: when there is none left, that must not end the daemon.
 */
function refreshDescriptors(m: Instruments): void {
  try {
    m.process_open_fds.set(readdirSync('/proc/self/fd').length);
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (limit?.[1] !== undefined) m.process_max_fds.set(Number(limit[1]));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    m.process_open_fds.reset();
    m.relayd_scrape_failures_total.inc({ part: 'process' });
  }
}

/** Brings a counter without labels to a total that somebody else keeps. */
export function setCounter(counter: Instruments['process_cpu_seconds_total'], total: number): void {
  counter.reset();
  counter.inc(total);
}
