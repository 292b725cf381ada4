import type { Gauge } from 'prom-client';
import { formatWindow } from '../lib/rate.ts';
import type { QuotaUse } from '../policy/quota.ts';
import type { AccountState } from '../relay/account.ts';
import type { CredentialUse } from '../relay/credential.ts';
import type { LaneCount } from '../relay/queue.ts';
import type { Instruments } from './metric-instruments.ts';
import {
  ACCOUNT_STATES,
  accountLabel,
  type KnownNames,
  NONE,
  OTHER,
  RECIPIENT_STATES,
} from './metric-labels.ts';
import type { DiskSpace, MetricSources } from './metric-sources.ts';

/**
 * Zero for what is empty, so that an alert sees a queue appear; lanes of accounts that are gone are
 * summed.
 */
export function setQueue(
  m: Instruments,
  counts: readonly LaneCount[],
  known: KnownNames,
  nowMs: number,
): void {
  for (const account of [...known.accounts, NONE, OTHER]) {
    m.relayd_queue_overdue_seconds.set({ account }, 0);
    for (const state of RECIPIENT_STATES) {
      m.relayd_queue_recipients.set({ account, state }, 0);
      m.relayd_queue_oldest_seconds.set({ account, state }, 0);
    }
  }
  const [oldest, overdue] = [largest(), largest()];
  for (const { lane, state, recipients, oldestAcceptedAtMs, nextDueAtMs } of counts) {
    const account = accountLabel(known, lane);
    m.relayd_queue_recipients.inc({ account, state }, recipients);
    const ageSeconds = oldest(`${account} ${state}`, (nowMs - oldestAcceptedAtMs) / 1000);
    m.relayd_queue_oldest_seconds.set({ account, state }, ageSeconds);
    const lateSeconds = overdue(account, (nowMs - (nextDueAtMs ?? nowMs)) / 1000);
    m.relayd_queue_overdue_seconds.set({ account }, lateSeconds);
  }
}

/** Gives the largest of the values told so far under a key, and of 0. */
function largest(): (key: string, value: number) => number {
  const known = new Map<string, number>();
  return (key, value) => {
    const most = Math.max(0, known.get(key) ?? 0, value);
    known.set(key, most);
    return most;
  };
}

export function setAccountStates(
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

export function setConnections(
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
export function setInstants(gauge: Gauge, atMs: ReadonlyMap<string, number>): void {
  gauge.reset();
  for (const [account, ms] of atMs) gauge.set({ account }, ms / 1000);
}

export function setStandIns(
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

export function setDisk(m: Instruments, { freeBytes, sizeBytes, limitBytes }: DiskSpace): void {
  m.relayd_disk_free_bytes.set(freeBytes);
  m.relayd_disk_size_bytes.set(sizeBytes);
  m.relayd_disk_free_limit_bytes.set(limitBytes);
}

export function setCredentials(
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

export function setQuotas(m: Instruments, quotas: ReadonlyMap<string, readonly QuotaUse[]>): void {
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

/** Counts by account. */
export function setCounts(gauge: Gauge, counts: ReadonlyMap<string, number>): void {
  gauge.reset();
  for (const [account, count] of counts) gauge.set({ account }, count);
}

export function setPaces(m: Instruments, slowed: ReturnType<MetricSources['slowed']>): void {
  m.relayd_account_pace_per_second.reset();
  for (const [account, { perSecond }] of slowed) {
    if (perSecond !== null) m.relayd_account_pace_per_second.set({ account }, perSecond);
  }
}
