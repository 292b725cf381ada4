import type { PauseEnd } from '../relay/outcome.ts';
import type { Named } from './seen.ts';

const s = 1_000;
const hourMs = 3_600 * s;

/** How far accounts that were all told the same time are spread behind it. */
export const spreadMs = 60 * s;

/** No text keeps an account from being tried once a day: their clock, or ours, may be wrong. */
export const pauseMaxMs = 24 * hourMs;

/** The time that a provider's text names; nothing when it cannot be read. */
export function namedEnd(named: Named): { until?: PauseEnd } {
  const { until, hours = '0', minutes = '0', seconds = '0' } = named;
  if (until !== undefined) {
    const ms = ZONED.test(until) ? Date.parse(until) : Number.NaN;
    return Number.isNaN(ms) ? {} : { until: { is: 'at', ms } };
  }
  const ms = Number(hours) * hourMs + Number(minutes) * 60 * s + Number(seconds) * s;
  return ms > 0 ? { until: { is: 'after', ms } } : {};
}

/** Without its zone a date would be read as one of this machine's. */
const ZONED = /(?:UTC|GMT|Z|[+-]\d{2}:?\d{2})$/;

/** When to try again, in milliseconds of the epoch; null when the named time has passed. */
export function endOfPause(
  until: PauseEnd,
  { nowMs, dice }: { readonly nowMs: number; readonly dice: number },
): number | null {
  const endMs = instantOf(until, nowMs);
  if (endMs <= nowMs) return null;
  return Math.min(endMs, nowMs + pauseMaxMs) + Math.round(spreadMs * dice);
}

function instantOf(until: PauseEnd, nowMs: number): number {
  switch (until.is) {
    case 'at':
      return until.ms;
    case 'after':
      return nowMs + until.ms;
    case 'next-hour':
      return (Math.floor(nowMs / hourMs) + 1) * hourMs;
  }
}
