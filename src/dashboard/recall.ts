import { setTimeout as pause } from 'node:timers/promises';
import type { Asker } from '../control/answer.ts';
import { logPageMax } from '../control/wire.ts';
import type { LogEntry, LogPage } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import type { Activity } from './activity.ts';
import { asRow, type Minute, newMinute, type Running, type Series } from './series.ts';

export interface Recalled {
  readonly ask: Asker;
  readonly series: Series;
  readonly activity: Activity;
  /** When the daemon started; a day before that is recalled. */
  readonly untilMs: number;
}

export const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Newest first: of a busier day only its end is recalled. */
const messagesMax = 20_000;
/** Between two pages, so that mail has the storage to itself most of the time. */
const pauseMs = 50;

/**
 * Reads what happened before the daemon started from the history, at leisure: so that a restart does not
 * empty the plots. Rejects with ControlError.
 */
export async function recall({ ask, series, activity, untilMs }: Recalled): Promise<void> {
  let fromMs = untilMs - dayMs;
  const minutes = new Map<number, Running>();
  const query = { sinceMs: fromMs, untilMs };
  let before: MessageId | null = null;
  for (let looked = 0; looked < messagesMax; looked += logPageMax) {
    const page: LogPage = await ask('log.search', { query, before, limit: logPageMax });
    for (const entry of page.entries) {
      const acceptedAtMs = remember(entry, { minutes, activity });
      if (looked + logPageMax >= messagesMax) fromMs = acceptedAtMs ?? fromMs;
    }
    before = page.next;
    if (before === null) break;
    await pause(pauseMs, undefined, { ref: false });
  }
  series.recall(rows(minutes, fromMs, untilMs));
}

/** Gives when it was accepted. */
function remember(
  { queued, history }: LogEntry,
  { minutes, activity }: { minutes: Map<number, Running>; activity: Activity },
): number | null {
  const message = history?.message ?? queued?.message;
  if (message === undefined) return null;
  const minuteAt = (atMs: number): Running => {
    const at = Math.floor(atMs / minuteMs);
    const known = minutes.get(at) ?? newMinute(at, null);
    minutes.set(at, known);
    return known;
  };
  const { acceptedAtMs } = message;
  minuteAt(acceptedAtMs).accepted++;
  for (const { outcome, atMs } of history?.recipients ?? []) {
    const minute = minuteAt(atMs);
    if (outcome === 'bounced') minute.failed++;
    if (outcome !== 'delivered') continue;
    minute.delivered++;
    minute.delays.add(atMs - acceptedAtMs);
  }
  const attempts = history?.attempts ?? [];
  for (const { startedAtMs, tookMs, results } of attempts) {
    const deferred = results.filter(({ outcome }) => outcome === 'deferred').length;
    if (deferred > 0) minuteAt(startedAtMs + tookMs).deferred += deferred;
  }
  activity.recall(message, attempts);
  return acceptedAtMs;
}

/** Minutes in which nothing happened are among them. */
function rows(minutes: ReadonlyMap<number, Running>, fromMs: number, untilMs: number): Minute[] {
  const first = Math.ceil(fromMs / minuteMs);
  const count = Math.max(0, Math.floor(untilMs / minuteMs) - first);
  return Array.from({ length: count }, (_, at) =>
    asRow(minutes.get(first + at) ?? newMinute(first + at, null)),
  );
}
