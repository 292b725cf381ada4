import { type DelayTally, delayTally } from '../policy/delays.ts';
import type { EventSink } from '../relay/events.ts';

/**
 * One minute: seconds since 1970, messages accepted, recipients delivered, deferred and failed,
 * recipients waiting, and from acceptance to delivery the median and the 99th percentile. Null: not
 * known, or nothing was delivered.
 */
export type Minute = readonly [
  atSeconds: number,
  accepted: number,
  delivered: number,
  deferred: number,
  failed: number,
  waiting: number | null,
  delayP50Ms: number | null,
  delayP99Ms: number | null,
];

export const minuteColumns: readonly string[] = [
  'time',
  'accepted',
  'delivered',
  'deferred',
  'failed',
  'waiting',
  'delayP50Ms',
  'delayP99Ms',
];

export interface Sums {
  readonly accepted: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  readonly delayP50Ms: number | null;
}

export interface Series {
  readonly sink: EventSink;
  /** Minutes of before the daemon started, without gaps up to then. */
  recall(minutes: readonly Minute[]): void;
  /** How many recipients wait now. */
  sampled(waiting: number): void;
  /** Oldest first, the minute that runs last. */
  minutes(): readonly Minute[];
  latest(): Minute;
  /** Of so many minutes, the one that runs included. */
  sums(minutes: number): Sums;
}

const minutesMax = 1_440;

export interface Running {
  readonly minute: number;
  accepted: number;
  delivered: number;
  deferred: number;
  failed: number;
  waiting: number | null;
  readonly delays: DelayTally;
}

/** What came in and went out by the minute, for a day. */
export function openSeries(nowMs: () => number): Series {
  const past: Minute[] = [];
  const minuteNow = (): number => Math.floor(nowMs() / 60_000);
  let running = newMinute(minuteNow(), null);
  /** A minute in which nothing happened is one, too. A clock set back goes on in the newest. */
  const turned = (): Running => {
    const minute = minuteNow();
    if (minute - running.minute > minutesMax) past.length = 0;
    while (running.minute < minute) {
      past.push(asRow(running));
      const next = Math.max(running.minute + 1, minute - minutesMax);
      running = newMinute(next, running.waiting);
    }
    past.splice(0, past.length - (minutesMax - 1));
    return running;
  };
  return {
    sink(event) {
      if (event.is === 'message.accepted') {
        turned().accepted++;
        return;
      }
      if (event.is !== 'recipient.settled') return;
      const { outcome } = event;
      const now = turned();
      if (outcome === 'delivered') {
        now.delivered++;
        now.delays.add(event.waitedMs);
      } else if (outcome === 'bounced') now.failed++;
      else if (outcome === 'deferred' || outcome === 'in-doubt') now.deferred++;
    },
    recall(minutes) {
      const first = past[0]?.[0] ?? asRow(turned())[0];
      past.unshift(...minutes.filter(([at]) => at < first));
    },
    sampled(waiting) {
      turned().waiting = waiting;
    },
    minutes() {
      const now = asRow(turned());
      return [...past, now];
    },
    latest: () => asRow(turned()),
    sums(minutes) {
      const now = asRow(turned());
      const rows = [...past.slice(past.length - (minutes - 1)), now];
      const sum = (at: 1 | 2 | 3 | 4): number => rows.reduce((all, row) => all + row[at], 0);
      const medians = rows.flatMap((row) => row[6] ?? []).sort((a, b) => a - b);
      return {
        accepted: sum(1),
        delivered: sum(2),
        deferred: sum(3),
        failed: sum(4),
        delayP50Ms: medians[Math.floor(medians.length / 2)] ?? null,
      };
    },
  };
}

export function newMinute(minute: number, waiting: number | null): Running {
  const none = { accepted: 0, delivered: 0, deferred: 0, failed: 0 };
  return { minute, ...none, waiting, delays: delayTally() };
}

export function asRow({ minute, delays, ...counts }: Running): Minute {
  const { accepted, delivered, deferred, failed, waiting } = counts;
  const [p50, p99] = [delays.share(0.5), delays.share(0.99)];
  return [minute * 60, accepted, delivered, deferred, failed, waiting, p50, p99];
}
