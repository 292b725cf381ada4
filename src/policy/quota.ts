import type {
  KeptQuota,
  Quota,
  QuotaBucket,
  QuotaInstant,
  QuotaNow,
  QuotaWindow,
} from '../relay/quota.ts';
import type { Counts, QuotaRate } from '../relay/quota-rate.ts';
import { added, bucketMsOf, rollingLive, sumOf } from './quota-buckets.ts';
import { calendarFreeFrom, calendarLastPlace, calendarLive } from './quota-calendar.ts';

/*
 * How much an account may send, in rolling windows and in those of the calendar.
 *
 * A provider counts a message at some moment between its first and its last command. So units are
 * reserved before a transaction, weigh on every window while it runs, and are dated to its end when
 * they were counted: no window of the provider's can then hold more than the limit. Counted units
 * lie in buckets, a hundred to a window; a bucket leaves the window when its last moment has, which
 * delays by one part in a hundred and never allows too much.
 */

const hourMs = 3_600_000;

export const emptyQuota: Quota = { pending: { messages: 0, recipients: 0 }, windows: [] };

/** One window of an account's limits and what is used of it. */
export interface QuotaUse {
  readonly rate: QuotaRate;
  readonly used: number;
}

/** Units that one transaction needs. */
export function unitsOf(counts: Counts, recipients: number): number {
  if (recipients === 0) return 0;
  return counts === 'recipients' ? recipients : 1;
}

/** Recipients of one transaction: never more than fit into an empty window. */
export function recipientsMax(limits: {
  readonly rate: readonly QuotaRate[];
  readonly recipients: number;
}): number {
  const counting = limits.rate.filter(({ counts }) => counts === 'recipients');
  return Math.min(limits.recipients, ...counting.map(({ count }) => count));
}

/** The same history under these limits. A window that is new begins empty. */
export function underRates(quota: Quota, rates: readonly QuotaRate[]): Quota {
  const windows = new Map<string, QuotaWindow>();
  for (const { windowMs, counts } of rates) {
    const known = windowOf(quota, { windowMs, counts });
    windows.set(`${windowMs} ${counts}`, known ?? { windowMs, counts, buckets: [] });
  }
  return { ...quota, windows: [...windows.values()] };
}

/**
 * The first moment at which a transaction for so many recipients may begin, `nowMs` when it may
 * now. Infinity: when something that runs has ended, not before.
 */
export function freeFrom(
  quota: Quota,
  rates: readonly QuotaRate[],
  { recipients, ...now }: QuotaNow & { readonly recipients: number },
): number {
  const from = rates.map((rate) => {
    const units = unitsOf(rate.counts, recipients);
    const places = rate.count - quota.pending[rate.counts];
    const buckets = windowOf(quota, rate)?.buckets ?? [];
    return rate.zone === null
      ? rollingFreeFrom(rollingLive(buckets, rate.windowMs, now.nowMs), {
          rate,
          units,
          places,
          now,
        })
      : calendarFreeFrom(buckets, { ...rate, zone: rate.zone }, { units, places, now });
  });
  return Math.max(now.nowMs, ...from);
}

interface Wanted {
  readonly rate: QuotaRate;
  readonly units: number;
  readonly places: number;
  readonly now: QuotaNow;
}

function rollingFreeFrom(
  live: readonly QuotaBucket[],
  { rate, units, places, now }: Wanted,
): number {
  let free = places - sumOf(live);
  if (free >= units) return now.nowMs;
  for (const bucket of live) {
    free += bucket.units;
    if (free >= units) return bucket.endMs + rate.windowMs;
  }
  return Number.POSITIVE_INFINITY;
}

/** Only after `freeFrom` said that it fits. */
export function reserved(quota: Quota, recipients: number): Quota {
  const { pending } = quota;
  return {
    ...quota,
    pending: { messages: pending.messages + 1, recipients: pending.recipients + recipients },
  };
}

/** A transaction has ended: of its recipients so many were counted by the provider. */
export function ended(
  quota: Quota,
  end: { readonly recipients: number; readonly counted: number; readonly nowMs: number },
): Quota {
  const { recipients, counted, nowMs } = end;
  const pending = {
    messages: quota.pending.messages - 1,
    recipients: quota.pending.recipients - recipients,
  };
  const units = { messages: unitsOf('messages', counted), recipients: counted };
  return { pending, windows: booked(quota.windows, units, nowMs) };
}

export function usesOf(quota: Quota, rates: readonly QuotaRate[], now: QuotaNow): QuotaUse[] {
  return rates.map((rate) => ({
    rate,
    used: quota.pending[rate.counts] + sumOf(liveBuckets(quota, rate, now)),
  }));
}

/**
 * When the last of so many units may be sent at the earliest. Every place in a window comes free
 * once per window, so no time has to be played through.
 */
export function outFrom(
  quota: Quota,
  rates: readonly QuotaRate[],
  { units, ...now }: QuotaNow & { readonly units: number },
): number {
  const last = rates.map((rate) => {
    const live = liveBuckets(quota, rate, now);
    const places = rate.count - quota.pending[rate.counts];
    const wanted = { rate, units, places, now };
    return rate.zone === null
      ? rollingLastPlace(live, wanted)
      : calendarLastPlace(
          { ...rate, zone: rate.zone },
          { units, places: places - sumOf(live), now },
        );
  });
  return Math.max(now.nowMs, ...last);
}

function rollingLastPlace(
  live: readonly QuotaBucket[],
  { rate: { count, windowMs }, units, places, now: { nowMs } }: Wanted,
): number {
  const cycleMs = windowMs + bucketMsOf(windowMs);
  const rounds = Math.floor((units - 1) / count);
  // Negative when the limit was lowered below what is used: that much has to leave first.
  let ahead = ((units - 1) % count) - (places - sumOf(live));
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
  const windows = kept.windows.map((window) => ({
    ...window,
    buckets: window.buckets.map(({ endMs, units }) => ({ endMs: endMs + shiftMs, units })),
  }));
  return { ...emptyQuota, windows: booked(windows, kept.pending, now.monotonicMs) };
}

function windowOf(
  quota: Quota,
  { windowMs, counts }: Pick<QuotaWindow, 'windowMs' | 'counts'>,
): QuotaWindow | undefined {
  return quota.windows.find((one) => one.windowMs === windowMs && one.counts === counts);
}

function liveBuckets(quota: Quota, rate: QuotaRate, now: QuotaNow): readonly QuotaBucket[] {
  const buckets = windowOf(quota, rate)?.buckets ?? [];
  return rate.zone === null
    ? rollingLive(buckets, rate.windowMs, now.nowMs)
    : calendarLive(buckets, { ...rate, zone: rate.zone }, now);
}

/** Dated to now; what no window can ask about any more is left out. */
function booked(
  windows: readonly QuotaWindow[],
  units: Readonly<Record<Counts, number>>,
  nowMs: number,
): QuotaWindow[] {
  return windows.map((window): QuotaWindow => {
    const { windowMs, counts } = window;
    const live = rollingLive(window.buckets, keptMsOf(windowMs), nowMs);
    const counted = units[counts];
    return {
      windowMs,
      counts,
      buckets: counted === 0 ? live : added(live, windowMs, { counted, nowMs }),
    };
  });
}

/** A day of the calendar may have 25 hours, and a clock may be set back. */
function keptMsOf(windowMs: number): number {
  return windowMs < hourMs ? windowMs : windowMs + hourMs;
}
