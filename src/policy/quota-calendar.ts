import { periodAround } from '../lib/calendar.ts';
import type { QuotaBucket, QuotaNow } from '../relay/quota.ts';
import type { QuotaRate } from '../relay/quota-rate.ts';
import { sumOf } from './quota-buckets.ts';

/*
 * Windows of the calendar. The wall clock that shows now is believed, also about the past: buckets
 * are dated on a clock that only grows, and where a period begins on it is computed each time. So a
 * clock that is set right loses nothing. The provider's clock may differ from ours: a period begins
 * for us when it has begun for everybody near us, and what went out shortly before belongs to it
 * too.
 */

/** How much the clocks of the provider and this machine may differ. */
const clocksDifferMs = 60_000;

type CalendarRate = QuotaRate & { readonly zone: string };

interface Wanted {
  readonly units: number;
  /** Of the limit, without what runs. */
  readonly places: number;
  readonly now: QuotaNow;
}

/** On the clock of the quota. */
interface Span {
  /** What ended later weighs on it. */
  readonly weighsFromMs: number;
  readonly nextMs: number;
}

/** Those that weigh on the period of now. */
export function calendarLive(
  buckets: readonly QuotaBucket[],
  rate: CalendarRate,
  now: QuotaNow,
): readonly QuotaBucket[] {
  const { weighsFromMs } = spanAt(rate, now);
  return buckets.filter(({ endMs }) => endMs > weighsFromMs);
}

/** Infinity: only the end of something that runs can make room. */
export function calendarFreeFrom(
  buckets: readonly QuotaBucket[],
  rate: CalendarRate,
  { units, places, now }: Wanted,
): number {
  let { nowMs } = now;
  // The next period may still feel the end of this one, the one after it nothing any more.
  for (let period = 0; period < 3; period++) {
    const { weighsFromMs, nextMs } = spanAt(rate, { ...now, nowMs });
    const used = sumOf(buckets.filter(({ endMs }) => endMs > weighsFromMs));
    if (places - used >= units) return nowMs;
    nowMs = nextMs;
  }
  return Number.POSITIVE_INFINITY;
}

/** When the last of so many units may be sent, with so many places left in the period of now. */
export function calendarLastPlace(rate: CalendarRate, { units, places, now }: Wanted): number {
  if (units <= places) return now.nowMs;
  const periods = Math.ceil((units - Math.max(0, places)) / rate.count);
  return spanAt(rate, now).nextMs + (periods - 1) * rate.windowMs;
}

function spanAt({ windowMs, zone }: CalendarRate, { nowMs, wallAheadMs }: QuotaNow): Span {
  const wallMs = nowMs + wallAheadMs - clocksDifferMs;
  const { fromMs, untilMs } = periodAround(wallMs, windowMs, zone);
  return {
    weighsFromMs: fromMs - clocksDifferMs - wallAheadMs,
    nextMs: untilMs + clocksDifferMs - wallAheadMs,
  };
}
