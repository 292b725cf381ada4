import { statfs } from 'node:fs/promises';
import { formatAge } from '../lib/duration.ts';
import { formatSize } from '../lib/size.ts';
import type { QuotaUse } from '../policy/quota.ts';
import {
  exhausted,
  isDiskLow,
  type LaneFacts,
  type LaneView,
  type Look,
  laneView,
  noStall,
  relayStallAfter,
  type Stall,
  stallAfter,
} from '../policy/stall.ts';
import type { AccountState } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import { type Clock, StoreError } from '../relay/ports.ts';
import type { LaneCount } from '../relay/queue.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';
import type { Settings } from '../relay/settings.ts';

/** What the watchdog looks at; each account of the configuration in force. */
export interface WatchSources {
  counts(): Promise<readonly LaneCount[]>;
  states(): ReadonlyMap<string, AccountState>;
  quotas(): ReadonlyMap<string, readonly QuotaUse[]>;
  lastDeliveredAtMs(account: string): number | null;
  /** Fresh messages in a row that it has tried and not delivered. */
  failuresInARow(account: string): number;
  /** An operator has paused all delivery. */
  allPaused(): boolean;
}

export interface WatchdogDeps {
  readonly settings: () => Settings;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly sources: WatchSources;
  /** Free bytes of the disk that holds the directory. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

export const lookEveryMs = 60_000;

/** Looks once a minute whether what should move does, and says it once when not. */
export class Watchdog {
  readonly #deps: WatchdogDeps;
  readonly #stalls = new Map<string, Stall>();
  /** Of all accounts, those that are excused included: a sign of life is about mail alone. */
  #flow: Stall = noStall;
  #due = 0;
  #everything: Stall = noStall;
  /** `account rate`. */
  #usedUp: ReadonlySet<string> = new Set();
  #diskLow = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: WatchdogDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Why no sign of life is due: mail waits and none is delivered; null: all is well. */
  stalled(): string | null {
    if (!this.#flow.said) return null;
    const forMs = this.#deps.clock() - (this.#flow.sinceMs ?? 0);
    return `${this.#due} recipients are due and none was delivered for ${formatAge(forMs)}`;
  }

  async look(): Promise<void> {
    try {
      const counts = await this.#deps.sources.counts();
      this.#lookAtMail(this.#views(counts));
    } catch (error) {
      // The store has said so as an event; the next minute looks again.
      if (!(error instanceof StoreError)) throw error;
    }
    this.#lookAtQuotas();
    await this.#lookAtDisk();
  }

  #views(counts: readonly LaneCount[]): LaneView[] {
    const { settings, sources, clock } = this.#deps;
    const [states, quotas] = [sources.states(), sources.quotas()];
    return [...settings().accounts.keys()].map((name) => {
      const facts: LaneFacts = {
        counts: counts.filter(({ lane }) => lane === name),
        state: states.get(name) ?? { is: 'open' },
        quotas: quotas.get(name) ?? [],
        failuresInARow: sources.failuresInARow(name),
        deliveredAtMs: sources.lastDeliveredAtMs(name),
        allPaused: sources.allPaused(),
      };
      return laneView(name, facts, clock());
    });
  }

  #lookAtMail(views: readonly LaneView[]): void {
    for (const name of this.#stalls.keys()) {
      if (!views.some(({ account }) => account === name)) this.#stalls.delete(name);
    }
    for (const { account, due, excuse, deliveredAtMs } of views) {
      const before = this.#stalls.get(account) ?? noStall;
      const after = this.#step(before, { due, excused: excuse !== null, deliveredAtMs });
      this.#stalls.set(account, after);
      this.#say(account, due, { before, after });
    }
    const deliveredAtMs = lastOf(views);
    const wanted = views.filter(({ due, excuse }) => due > 0 && excuse === null);
    const stalls = wanted.map(({ account }) => this.#stalls.get(account) ?? noStall);
    const before = this.#everything;
    this.#everything = relayStallAfter(before, { stalls, due: dueIn(views), deliveredAtMs });
    this.#say(null, dueIn(wanted), { before, after: this.#everything });
    // Mail that waits for its own limits waits by plan.
    this.#due = dueIn(views.filter(({ excuse }) => excuse !== 'limit'));
    this.#flow = this.#step(this.#flow, { due: this.#due, excused: false, deliveredAtMs });
  }

  #step(before: Stall, look: Pick<Look, 'due' | 'excused' | 'deliveredAtMs'>): Stall {
    const { settings, clock } = this.#deps;
    const afterMs = settings().notifications.alerts.stalledAfterMs;
    return stallAfter(before, { ...look, nowMs: clock(), afterMs });
  }

  #say(
    account: string | null,
    recipients: number,
    { before, after }: { readonly before: Stall; readonly after: Stall },
  ): void {
    const { emit, clock, sources } = this.#deps;
    const nowMs = clock();
    if (after.said && !before.said) {
      const sinceMs = after.sinceMs ?? nowMs;
      const state = account === null ? undefined : sources.states().get(account);
      const why = state?.is === 'paused' ? `; the account is paused: ${state.detail}` : '';
      const what = account === null ? 'no account has delivered' : 'nothing was delivered';
      emit({
        is: 'relay.stalled',
        account,
        recipients,
        sinceMs,
        detail: `mail is due and ${what} for ${formatAge(nowMs - sinceMs)}${why}`,
        hint:
          account === null
            ? 'Look at `relayctl top` and at the network of this machine.'
            : `\`relayctl account test ${account}\` says at which step it stands.`,
      });
    } else if (before.said && !after.said) {
      emit({ is: 'relay.moving', account, stalledMs: nowMs - (before.sinceMs ?? nowMs) });
    }
  }

  #lookAtQuotas(): void {
    const { sources, emit } = this.#deps;
    const usedUp = new Set<string>();
    for (const [account, uses] of sources.quotas()) {
      const nameOf = ({ rate }: QuotaUse): string => `${account} ${formatQuotaRate(rate)}`;
      for (const use of exhausted(uses, (one) => this.#usedUp.has(nameOf(one)))) {
        usedUp.add(nameOf(use));
        if (this.#usedUp.has(nameOf(use))) continue;
        const rate = formatQuotaRate(use.rate);
        emit({
          is: 'quota.exhausted',
          account,
          rate,
          used: use.used,
          detail: `${use.used} of ${rate} are used`,
          hint: 'Its mail waits until there is room; another account of the route may take it.',
        });
      }
    }
    this.#usedUp = usedUp;
  }

  async #lookAtDisk(): Promise<void> {
    const { settings, emit, freeBytes: ask = freeBytesOf } = this.#deps;
    const { queue, limits } = settings();
    const { directory } = queue;
    let freeBytes: number;
    try {
      freeBytes = await ask(directory);
    } catch {
      // A directory that cannot be looked at is no news: the storage says it at its next commit.
      return;
    }
    const neededBytes = limits.diskFreeBytes;
    const low = isDiskLow(freeBytes, neededBytes, this.#diskLow);
    if (low && !this.#diskLow) {
      const [free, least] = [formatSize(freeBytes), formatSize(neededBytes)];
      const detail = `${free} are free in ${directory}; below ${least} no mail is taken`;
      const hint = 'Make room on that disk, or lower queue.history.';
      emit({ is: 'disk.low', directory, freeBytes, neededBytes, detail, hint });
    } else if (!low && this.#diskLow) emit({ is: 'disk.enough', directory, freeBytes });
    this.#diskLow = low;
  }
}

const dueIn = (views: readonly LaneView[]): number => views.reduce((sum, { due }) => sum + due, 0);

function lastOf(views: readonly LaneView[]): number | null {
  return views.reduce<number | null>(
    (last, { deliveredAtMs: at }) => (at === null ? last : Math.max(last ?? at, at)),
    null,
  );
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
