import { counterRing } from '../lib/counter-ring.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';

/** Per second over the last ten seconds, and since the daemon started. */
export interface Flow {
  readonly perSecond: number;
  readonly total: number;
}

/** What became of the recipients that one account tried. */
export interface AccountFlow {
  readonly delivered: Flow;
  readonly deferred: Flow;
  readonly bounced: Flow;
}

export interface Throughput {
  readonly sink: EventSink;
  /** Messages taken from clients. */
  accepted(): Flow;
  /** Accounts that have tried something. */
  accounts(): ReadonlyMap<string, AccountFlow>;
}

const windowSeconds = 10;

/** Counts what comes in and goes out, for whoever looks on. `elapsedMs` only grows. */
export function openThroughput(elapsedMs: () => number): Throughput {
  const second = (): number => Math.floor(elapsedMs() / 1000);
  const startedAt = second();
  const accepted = meter();
  const accounts = new Map<string, Record<keyof AccountFlow, Meter>>();
  const of = (account: string): Record<keyof AccountFlow, Meter> => {
    const known = accounts.get(account);
    if (known !== undefined) return known;
    const made = { delivered: meter(), deferred: meter(), bounced: meter() };
    accounts.set(account, made);
    return made;
  };
  const flow = (one: Meter): Flow => one.read(second(), startedAt);
  return {
    sink(event) {
      if (event.is === 'message.accepted') return accepted.add(second());
      if (event.is !== 'recipient.settled' || event.account === null) return;
      const kind = kindOf(event.outcome);
      if (kind !== null) of(event.account)[kind].add(second());
    },
    accepted: () => flow(accepted),
    accounts: () =>
      new Map(
        [...accounts].map(([account, { delivered, deferred, bounced }]) => [
          account,
          { delivered: flow(delivered), deferred: flow(deferred), bounced: flow(bounced) },
        ]),
      ),
  };
}

function kindOf(
  outcome: Extract<RelayEvent, { is: 'recipient.settled' }>['outcome'],
): keyof AccountFlow | null {
  if (outcome === 'delivered' || outcome === 'bounced') return outcome;
  return outcome === 'deferred' || outcome === 'in-doubt' || outcome === 'held' ? 'deferred' : null;
}

interface Meter {
  add(second: number): void;
  read(second: number, startedAt: number): Flow;
}

/** The second that runs is counted too, but not asked for: it is not over yet and would lower every rate. */
function meter(): Meter {
  const ring = counterRing(windowSeconds + 1);
  let total = 0;
  return {
    add(second) {
      ring.add(second);
      total++;
    },
    read(second, startedAt) {
      const seconds = Math.min(windowSeconds, Math.max(1, second - startedAt));
      return { perSecond: ring.sum(second - windowSeconds, second - 1) / seconds, total };
    },
  };
}
