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

/** A ring of seconds, the one that runs included; what is older is forgotten as it turns. */
function meter(): Meter {
  const slots = windowSeconds + 1;
  const counts = new Array<number>(slots).fill(0);
  let last = 0;
  let total = 0;
  const turnTo = (second: number): void => {
    const from = Math.max(last + 1, second - slots + 1);
    for (let passed = from; passed <= second; passed++) counts[passed % slots] = 0;
    last = Math.max(last, second);
  };
  return {
    add(second) {
      turnTo(second);
      counts[second % slots] = (counts[second % slots] ?? 0) + 1;
      total++;
    },
    read(second, startedAt) {
      turnTo(second);
      // The second that runs is not over yet: it would make every rate too low.
      const sum = counts.reduce((all, count) => all + count, 0) - (counts[second % slots] ?? 0);
      const seconds = Math.min(windowSeconds, Math.max(1, second - startedAt));
      return { perSecond: sum / seconds, total };
    },
  };
}
