import type { Rate } from '../lib/rate.ts';
import type { AccountLimits } from '../relay/account.ts';
import type { KeptQuota, Quota, QuotaBucket, QuotaInstant, QuotaWindow } from '../relay/quota.ts';

/*
 * How much an account may send, in rolling windows.
 *
 * A provider counts a message at some moment between its first and its last command. So units are
 * reserved before a transaction, weigh on every window while it runs, and are dated to its end when
 * they were counted: no window of the provider's can then hold more than the limit. Counted units
 * lie in buckets, a hundred to a window; a bucket leaves the window when its last moment has, which
 * delays by one part in a hundred and never allows too much.
 */

const bucketsPerWindow = 100;

export const emptyQuota: Quota = { pending: 0, windows: [] };

/** One window of an account's limits and what is used of it. */
export interface QuotaUse {
  readonly rate: Rate;
  readonly used: number;
}

/** Units that one transaction needs. */
export function unitsOf({ counts }: AccountLimits, recipients: number): number {
  return counts === 'recipients' ? recipients : 1;
}

/** Recipients of one transaction: never more than fit into an empty window. */
export function recipientsMax({ counts, rate, recipients }: AccountLimits): number {
  if (counts === 'messages') return recipients;
  return Math.min(recipients, ...rate.map(({ count }) => count));
}

/** The same history under these limits. A window that is new begins empty. */
export function underRates(quota: Quota, rates: readonly Rate[]): Quota {
  const known = new Map(quota.windows.map((window) => [window.windowMs, window]));
  const sizes = new Set(rates.map(({ windowMs }) => windowMs));
  const windows = [...sizes].map((windowMs) => known.get(windowMs) ?? { windowMs, buckets: [] });
  return { ...quota, windows };
}

/**
 * The first moment at which so many units may be reserved, `nowMs` when they may now. Infinity:
 * when something that runs has ended, not before.
 */
export function freeFrom(
  quota: Quota,
  rates: readonly Rate[],
  { units, nowMs }: { readonly units: number; readonly nowMs: number },
): number {
  return rates.reduce((fromMs, rate) => {
    const live = liveBuckets(quota, rate.windowMs, nowMs);
    let free = rate.count - quota.pending - sum(live);
    if (free >= units) return fromMs;
    for (const bucket of live) {
      free += bucket.units;
      if (free >= units) return Math.max(fromMs, bucket.endMs + rate.windowMs);
    }
    return Number.POSITIVE_INFINITY;
  }, nowMs);
}

/** Only after `freeFrom` said that they fit. */
export function reserved(quota: Quota, units: number): Quota {
  return { ...quota, pending: quota.pending + units };
}

/** A transaction has ended: of its units so many were counted by the provider. */
export function ended(
  quota: Quota,
  end: { readonly units: number; readonly counted: number; readonly nowMs: number },
): Quota {
  const { units, counted, nowMs } = end;
  const pending = quota.pending - units;
  const windows = quota.windows.map(({ windowMs }): QuotaWindow => {
    const live = liveBuckets(quota, windowMs, nowMs);
    return { windowMs, buckets: counted === 0 ? live : added(live, windowMs, { counted, nowMs }) };
  });
  return { pending, windows };
}

export function usesOf(quota: Quota, rates: readonly Rate[], nowMs: number): QuotaUse[] {
  return rates.map((rate) => ({
    rate,
    used: quota.pending + sum(liveBuckets(quota, rate.windowMs, nowMs)),
  }));
}

/**
 * When the last of so many units may be sent at the earliest. Every place in a window comes free
 * once per window, so no time has to be played through.
 */
export function outFrom(
  quota: Quota,
  rates: readonly Rate[],
  { units, nowMs }: { readonly units: number; readonly nowMs: number },
): number {
  const last = rates.map((rate) => lastPlace(quota, rate, { units, nowMs }));
  return Math.max(nowMs, ...last);
}

function lastPlace(
  quota: Quota,
  { count, windowMs }: Rate,
  { units, nowMs }: { readonly units: number; readonly nowMs: number },
): number {
  const cycleMs = windowMs + bucketMsOf(windowMs);
  const rounds = Math.floor((units - 1) / count);
  const live = liveBuckets(quota, windowMs, nowMs);
  // Negative when the limit was lowered below what is used: that much has to leave first.
  let ahead = ((units - 1) % count) - (count - quota.pending - sum(live));
  if (ahead < 0) return nowMs + rounds * cycleMs;
  for (const bucket of live) {
    ahead -= bucket.units;
    if (ahead < 0) return bucket.endMs + windowMs + rounds * cycleMs;
  }
  return nowMs + (rounds + 1) * cycleMs;
}

/**
 * What was written down, on the clock of this run. What was pending then may have been counted at
 * any moment until now. The monotonic clock knows how long that was while the boot is the same;
 * after another boot the wall clock has to be believed, but not when it says that time went back.
 */
export function restored(kept: KeptQuota, now: QuotaInstant): Quota {
  const { at } = kept;
  const sameBoot = at.boot === now.boot && at.monotonicMs <= now.monotonicMs;
  const passedMs = sameBoot
    ? now.monotonicMs - at.monotonicMs
    : Math.max(0, now.wallMs - at.wallMs);
  const shiftMs = now.monotonicMs - at.monotonicMs - passedMs;
  const windows = kept.windows.map(({ windowMs, buckets }) => ({
    windowMs,
    buckets: buckets.map(({ endMs, units }) => ({ endMs: endMs + shiftMs, units })),
  }));
  const { pending } = kept;
  const nowMs = now.monotonicMs;
  return ended({ pending, windows }, { units: pending, counted: pending, nowMs });
}

function liveBuckets(quota: Quota, windowMs: number, nowMs: number): readonly QuotaBucket[] {
  const window = quota.windows.find((one) => one.windowMs === windowMs);
  return (window?.buckets ?? []).filter(({ endMs }) => endMs + windowMs > nowMs);
}

function added(
  live: readonly QuotaBucket[],
  windowMs: number,
  { counted, nowMs }: { readonly counted: number; readonly nowMs: number },
): QuotaBucket[] {
  const bucketMs = bucketMsOf(windowMs);
  const endMs = (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  const last = live.at(-1);
  if (last === undefined || last.endMs < endMs) return [...live, { endMs, units: counted }];
  return [...live.slice(0, -1), { endMs: last.endMs, units: last.units + counted }];
}

function bucketMsOf(windowMs: number): number {
  return Math.max(1, Math.floor(windowMs / bucketsPerWindow));
}

function sum(buckets: readonly QuotaBucket[]): number {
  return buckets.reduce((total, { units }) => total + units, 0);
}
