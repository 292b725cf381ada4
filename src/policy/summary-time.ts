import { dayOf, periodAround, timeOfDay } from '../lib/calendar.ts';
import type { SummarySettings } from '../relay/alert.ts';

const dayMs = 86_400_000;

/**
 * Whether the summary of a day is due, and when to look again. `lastDay`: the day of the last one
 * that was sent, as calendars in the zone have it; null: none. What was missed is due for the rest
 * of its day.
 */
export function summaryPlan(
  { atMs, zone }: Pick<SummarySettings, 'atMs' | 'zone'>,
  lastDay: string | null,
  nowMs: number,
): { readonly due: boolean; readonly day: string; readonly nextAtMs: number } {
  const day = dayOf(nowMs, zone);
  const todayAtMs = timeOfDay(nowMs, atMs, zone);
  const sent = lastDay === day;
  if (!sent && nowMs < todayAtMs) return { due: false, day, nextAtMs: todayAtMs };
  const tomorrowMs = periodAround(nowMs, dayMs, zone).untilMs;
  return { due: !sent, day, nextAtMs: timeOfDay(tomorrowMs, atMs, zone) };
}
