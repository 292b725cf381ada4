import type { EventSink } from '../relay/events.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { LaneCount } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { Alarm } from './alarm.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Failover } from './failover.ts';
import type { Housekeeping } from './housekeeping.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface KeeperDeps {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  readonly dispatcher: Dispatcher;
  readonly failover: Failover;
  readonly housekeeping: Housekeeping;
}

/** The queue is not counted more often than this, however often lanes run dry. */
const countEveryMs = 1_000;
/** While anything waits the queue is looked at this often, for what no other occasion shows. */
const lookEveryMs = 5 * 60_000;
/** A difference below this between wall clock and monotonic clock is adjustment, not a jump. */
const jumpMsMin = 2_000;
/** Late mail is looked for so many times within the delay that a warning takes. */
const warningSteps = 8;

/**
 * Knows when to look at what. It learns due times from the queue's counts and from the dispatcher,
 * sleeps until the earliest, and then has the lanes looked at, expired mail bounced and late mail
 * warned of. With an empty queue nothing is scheduled at all.
 */
export class ScheduleKeeper {
  readonly #deps: KeeperDeps;
  readonly #alarm: Alarm;
  #countAtMs: number | null = null;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #expiryAtMs: number | null = null;
  #warnAtMs: number | null = null;
  /** Wall clock minus monotonic clock; smaller than before: the wall clock went back. */
  #offsetMs: number;
  /** Chores run one after the other. */
  #chores: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#offsetMs = deps.clock() - deps.monotonic();
    this.#alarm = new Alarm(deps.clock, () => this.#ring());
  }

  /** Something is due then. */
  wakeAt(atMs: number): void {
    if (!this.#stopped) this.#alarm.setAt(atMs);
  }

  /**
   * Mail entered the queue: it has a lifetime, and its sender may have to be told that it is late.
   */
  noteMail(): void {
    const nowMs = this.#deps.clock();
    if (this.#countAtMs === null) this.#countSoon(nowMs + lookEveryMs);
  }

  /** The dispatcher no longer knows when the next mail is due. */
  countSoon(): void {
    this.#countSoon(Math.max(this.#deps.clock(), this.#countedAtMs + countEveryMs));
  }

  /**
   * Does what is due and reads the queue. Resolves when everything found to be due has been set in
   * motion.
   */
  look(): Promise<void> {
    this.#ring();
    return this.#chore(() => this.#count());
  }

  /** At start: due times written under another clock. */
  clampAtStart(): Promise<void> {
    return this.#chore(() => this.#deps.housekeeping.clampDue(0));
  }

  /** Finds new ways for mail of lanes that cannot work. */
  reroute(lanes: Iterable<string | null>): Promise<void> {
    return this.#chore(() => this.#reroute(lanes));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.clear();
    await this.#chores;
  }

  #countSoon(atMs: number): void {
    this.#countAtMs = Math.min(this.#countAtMs ?? atMs, atMs);
    this.wakeAt(this.#countAtMs);
  }

  get nextLookAtMs(): number | null {
    return this.#alarm.setToMs;
  }

  #ring(): void {
    const { clock, dispatcher, failover, housekeeping } = this.#deps;
    this.#checkClock();
    const nowMs = clock();
    dispatcher.lookAt();
    const stuck = failover.due();
    if (stuck.length > 0) void this.#chore(() => this.#reroute(stuck));
    if (isDue(this.#expiryAtMs, nowMs)) {
      this.#expiryAtMs = null;
      void this.#chore(async () => {
        await housekeeping.expire();
        this.#noteExpiry(await this.#deps.store.nextExpiry());
      });
    }
    if (isDue(this.#warnAtMs, nowMs)) {
      this.#warnAtMs = null;
      void this.#chore(() => housekeeping.warnDelayed());
    }
    if (isDue(this.#countAtMs, nowMs)) void this.#chore(() => this.#count());
    for (const atMs of [this.#expiryAtMs, this.#warnAtMs, this.#countAtMs]) {
      if (atMs !== null) this.wakeAt(atMs);
    }
  }

  #checkClock(): void {
    const { clock, monotonic, housekeeping } = this.#deps;
    const offsetMs = clock() - monotonic();
    const byMs = Math.round(this.#offsetMs - offsetMs);
    this.#offsetMs = offsetMs;
    if (byMs < jumpMsMin) return;
    void this.#chore(async () => {
      await housekeeping.clampDue(byMs);
      this.#deps.dispatcher.forgetDue();
      await this.#count();
    });
  }

  async #count(): Promise<void> {
    const { store, dispatcher, settings, clock } = this.#deps;
    this.#countAtMs = null;
    const counts = await store.counts();
    this.#countedAtMs = clock();
    const orphans = new Set<string | null>();
    for (const { lane, nextDueAtMs } of counts) {
      if (nextDueAtMs === null) continue;
      if (lane !== null && settings().accounts.has(lane))
        dispatcher.lane(lane).noteDue(nextDueAtMs);
      else orphans.add(lane);
    }
    if (orphans.size > 0) await this.#reroute(orphans);
    dispatcher.lookAt();
    this.#noteExpiry(await store.nextExpiry());
    this.#noteWaiting(counts);
  }

  #noteWaiting(counts: readonly LaneCount[]): void {
    const nowMs = this.#deps.clock();
    if (counts.some(({ recipients }) => recipients > 0)) this.#countSoon(nowMs + lookEveryMs);
    const { delayWarningMs } = this.#deps.settings().queue;
    const waiting = counts.filter(({ state }) => state === 'waiting');
    if (delayWarningMs === null || waiting.length === 0) return;
    const oldestMs = Math.min(...waiting.map(({ oldestAcceptedAtMs }) => oldestAcceptedAtMs));
    const everyMs = delayWarningMs / warningSteps;
    this.#warnAtMs ??= Math.max(oldestMs + delayWarningMs, nowMs + everyMs);
    this.wakeAt(this.#warnAtMs);
  }

  #noteExpiry(atMs: number | null): void {
    this.#expiryAtMs = atMs;
    if (atMs !== null) this.wakeAt(atMs);
  }

  async #reroute(lanes: Iterable<string | null>): Promise<void> {
    const { housekeeping, dispatcher, failover, clock, monotonic } = this.#deps;
    for (const lane of lanes) {
      const startedMs = monotonic();
      const woken = await housekeeping.reroute(lane);
      if (lane !== null) failover.searched(lane, monotonic() - startedMs);
      for (const name of woken) dispatcher.wake(name, clock());
    }
  }

  /** The storage may fail at any time: the chore is then tried again at the next look. */
  #chore(work: () => Promise<void>): Promise<void> {
    this.#chores = this.#chores.then(async () => {
      if (this.#stopped) return;
      try {
        await work();
      } catch (error) {
        tellStoreFailure(this.#deps.emit, error);
        this.#countSoon(this.#deps.clock() + lookEveryMs / 5);
      }
    });
    return this.#chores;
  }
}

function isDue(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && atMs <= nowMs;
}
