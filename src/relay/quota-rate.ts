import { isTimeZone } from '../lib/calendar.ts';
import { formatRate, parseRate, type Rate } from '../lib/rate.ts';

/** What a provider counts: one for each transaction, or one for each of its recipients. */
export type Counts = 'messages' | 'recipients';

/** One of the limits that hold for an account at once. */
export interface QuotaRate extends Rate {
  readonly counts: Counts;
  /** Hours or days begin when clocks in this time zone say so; null: the window rolls. */
  readonly zone: string | null;
}

/** What it does not say follows from the account. */
export type WrittenRate = Omit<QuotaRate, 'counts'> & { readonly counts: Counts | null };

/**
 * Rates of accounts as written in relay.yaml: `500/d`, `500/d@UTC`, `10000/d recipients`. Returns
 * null when the text is none.
 */
export function parseQuotaRate(text: string): WrittenRate | null {
  const match = /^([^@ ]+)(?:@([^ ]+))?(?: (messages|recipients))?$/.exec(text);
  const rate = parseRate(match?.[1] ?? '');
  if (match === null || rate === null) return null;
  const zone = match[2] ?? null;
  if (zone !== null && (!/^\d+\/[hd]$/.test(match[1] ?? '') || !isTimeZone(zone))) return null;
  return { ...rate, counts: (match[3] as Counts | undefined) ?? null, zone };
}

export function formatQuotaRate(rate: QuotaRate): string {
  const window = formatRate(rate) + (rate.zone === null ? '' : `@${rate.zone}`);
  return rate.counts === 'messages' ? window : `${window} recipients`;
}
