import type { AlertCount, AlertDigest, AlertEntry } from '../relay/alert.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';

/** Events that one alert shows in full; all of them are counted. */
export const entriesMax = 20;
const entriesOfOneKindMax = 3;
/** Things that one alert counts apart; the rest is counted together. */
export const countsMax = 50;
const OTHER = 'other';

export const emptyDigest: AlertDigest = { events: [], counts: [] };

/** How many events it tells of. */
export function totalOf({ counts }: AlertDigest): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** One more event. */
export function withEntry({ events, counts }: AlertDigest, entry: AlertEntry): AlertDigest {
  const key = keyOf(entry);
  const { atMs } = entry;
  const added = withCount(counts, { ...key, count: 1, firstAtMs: atMs, lastAtMs: atMs });
  if (events.length >= entriesMax) return { events, counts: added };
  const alike = events.filter((one) => isSame(keyOf(one), key)).length;
  return { events: alike < entriesOfOneKindMax ? [...events, entry] : events, counts: added };
}

type Key = Pick<AlertCount, 'event' | 'account' | 'reason'>;

function keyOf({ event, account, reason }: AlertEntry): Key {
  const known = REASON_CLASSES.find((one) => one === reason) ?? null;
  return { event, account: typeof account === 'string' ? account : null, reason: known };
}

const isSame = (a: Key, b: Key): boolean =>
  a.event === b.event && a.account === b.account && a.reason === b.reason;

function withCount(counts: readonly AlertCount[], one: AlertCount): readonly AlertCount[] {
  const at = counts.findIndex((known) => isSame(known, one));
  if (at !== -1) return counts.with(at, sum(counts[at] ?? one, one));
  if (counts.length < countsMax || one.event === OTHER) return [...counts, one];
  return withCount(counts, { ...one, event: OTHER, account: null, reason: null });
}

/** The first one's names. */
function sum(one: AlertCount, other: AlertCount): AlertCount {
  return {
    ...one,
    count: one.count + other.count,
    firstAtMs: Math.min(one.firstAtMs, other.firstAtMs),
    lastAtMs: Math.max(one.lastAtMs, other.lastAtMs),
  };
}
