import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdFirstAt } from '../relay/message-id.ts';
import type { Flushed, QueueFilter } from '../relay/queue.ts';

/** What became of the mail of a flush so far. */
export interface FlushTally {
  readonly recipients: number;
  readonly lanes: readonly string[];
  readonly tried: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly bounced: number;
}

export interface FlushWatches {
  readonly sink: EventSink;
  /** Before the queue is touched: what it sets in motion may go at once. */
  begin(filter: QueueFilter, nowMs: number): FlushWatch;
  /** Null: there is none of this number any more. */
  tally(flush: number): FlushTally | null;
}

export interface FlushWatch {
  readonly flush: number;
  /** It failed: there is nothing to watch. */
  drop(): void;
  counted(flushed: Flushed): void;
}

/** One that nobody asks about for this long is forgotten. */
const forgottenAfterMs = 60_000;

interface Watched {
  readonly filter: QueueFilter;
  /** Ids from here on came after the flush. */
  readonly before: MessageId;
  readonly accounts: Map<string, { delivered: number; deferred: number; bounced: number }>;
  flushed: Flushed | null;
  readonly timer: NodeJS.Timeout;
}

/**
 * Follows flushes by what is told of recipients. Mail of the same lanes that was due anyway counts as
 * well: the numbers are for a progress bar.
 */
export function openFlushWatches(): FlushWatches {
  const watches = new Map<number, Watched>();
  let last = 0;
  return {
    sink(event) {
      if (watches.size === 0 || event.is !== 'recipient.settled') return;
      for (const watched of watches.values()) note(watched, event);
    },
    begin(filter, nowMs) {
      const flush = ++last;
      const forget = (): void => void watches.delete(flush);
      const timer = setTimeout(forget, forgottenAfterMs).unref();
      const before = messageIdFirstAt(nowMs + 1);
      const watched: Watched = { filter, before, accounts: new Map(), flushed: null, timer };
      watches.set(flush, watched);
      return {
        flush,
        drop() {
          clearTimeout(timer);
          forget();
        },
        counted(flushed) {
          watched.flushed = flushed;
          timer.refresh();
        },
      };
    },
    tally(flush) {
      const watched = watches.get(flush);
      if (watched === undefined || watched.flushed === null) return null;
      watched.timer.refresh();
      const { recipients, lanes } = watched.flushed;
      const sum = (kind: 'delivered' | 'deferred' | 'bounced'): number =>
        lanes.reduce((all, lane) => all + (watched.accounts.get(lane)?.[kind] ?? 0), 0);
      const [delivered, deferred, bounced] = [sum('delivered'), sum('deferred'), sum('bounced')];
      const tried = Math.min(recipients, delivered + deferred + bounced);
      return { recipients, lanes, tried, delivered, deferred, bounced };
    },
  };
}

function note(watched: Watched, event: Extract<RelayEvent, { is: 'recipient.settled' }>): void {
  const { account, id, outcome } = event;
  if (account === null || id >= watched.before) return;
  if (watched.filter.id !== undefined && watched.filter.id !== id) return;
  const counts = watched.accounts.get(account) ?? { delivered: 0, deferred: 0, bounced: 0 };
  watched.accounts.set(account, counts);
  if (outcome === 'delivered' || outcome === 'bounced') counts[outcome]++;
  else counts.deferred++;
}
