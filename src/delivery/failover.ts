import { firstToTake, type Standing, standingOf } from '../policy/failover.ts';
import { mayWork } from '../policy/lane-state.ts';
import type { EventSink } from '../relay/events.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import type { Lane } from './lane.ts';
import type { Quotas } from './quotas.ts';

export interface FailoverDeps {
  readonly settings: () => Settings;
  readonly quotas: Quotas;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly lane: (name: string) => Lane;
  /** `due` has something from then on. */
  readonly onDue: (atMs: number) => void;
}

/** Whose turn it is to take a message. */
export interface Question {
  /** Those of its route that may send it, in order. */
  readonly accounts: readonly string[];
  /** The lane it waits in; null: it is new. */
  readonly current: string | null;
  /** Recipients it is about. */
  readonly recipients: number;
}

const anyMessage = { current: null, recipients: 1 } as const;

export type Choose = (question: Question) => string;

/** A message that was to probe an account and never got there makes room for another after this. */
const probeRestMs = 10_000;
/** A lane is not searched more often, nor for more than a small part of the time. */
const restMsMin = 1_000;
const restMsMax = 60_000;
const restPerSearch = 20;

/**
 * Lets the next account of a route take over, and the first one take its mail back. New mail and
 * mail that a working lane claims asks `choose`. What waits in a lane that does not work has to be
 * looked for: `due` names those lanes whose mail may have another way, and only then.
 */
export class Failover {
  readonly #deps: FailoverDeps;
  /** Who stands in for whom since when it was last said, by the account that does not work. */
  readonly #standIns = new Map<string, Set<string>>();
  readonly #searchAtMs = new Map<string, number>();
  readonly #restUntilMs = new Map<string, number>();

  constructor(deps: FailoverDeps) {
    this.#deps = deps;
  }

  readonly choose: Choose = (question) => {
    const { accounts, current } = question;
    const [first = ''] = accounts;
    if (accounts.length < 2) return first;
    const taker = this.taker(question);
    if (this.standing(taker, question).is === 'probe') {
      const lane = this.#deps.lane(taker);
      if (taker === current) lane.probedAtMs = this.#deps.clock();
      else lane.probeSentAtMs = this.#deps.clock();
    }
    if (taker === first) this.#ended(first);
    else this.#used(first, taker);
    return taker;
  };

  /** Who stands in for an account that does not work, by that account; as it was last said. */
  get standIns(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#standIns;
  }

  /** The same as a mere question. */
  taker(question: Question): string {
    const standing = (name: string): Standing => this.standing(name, question);
    return firstToTake(question.accounts, standing, question.current) ?? '';
  }

  /** Whether an account takes a message now. */
  standing(
    name: string,
    { current, recipients }: Pick<Question, 'current' | 'recipients'> = anyMessage,
  ): Standing {
    const { settings, quotas, clock, lane: laneNamed } = this.#deps;
    const nowMs = clock();
    const lane = laneNamed(name);
    const { state, probedAtMs, probeSentAtMs } = lane;
    // What was sent here as a probe is claimed as one.
    const lastMs = current === name ? probedAtMs : Math.max(probedAtMs, probeSentAtMs);
    const mayProbe = lane.inFlight === 0 && Math.abs(nowMs - lastMs) >= probeRestMs;
    const roomAtMs = state.is === 'open' ? quotas.freeFrom(name, recipients) : 0;
    const { afterMs } = settings().failover;
    return standingOf({ state, roomAtMs, mayProbe }, { afterMs, nowMs });
  }

  /** An account stopped or works again: mail that waits for it or its like may move. */
  changed(name: string): void {
    if (this.#deps.lane(name).state.is === 'open') this.#ended(name);
    for (const route of this.#routesOf(name)) {
      for (const account of route) this.#searchFrom(account, this.#deps.clock());
    }
  }

  /** Mail came to rest in a lane that may not work. */
  rested(name: string): void {
    if (this.#mayMove(name)) this.#searchFrom(name, this.#deps.clock());
  }

  /** Lanes to be searched for mail that has another way now. */
  due(): string[] {
    const nowMs = this.#deps.clock();
    const names = [...this.#searchAtMs].filter(([, atMs]) => atMs <= nowMs).map(([name]) => name);
    for (const name of names) this.#searchAtMs.delete(name);
    for (const name of names) this.#searchWhenChanged(name, nowMs);
    return names.filter((name) => this.#mayMove(name));
  }

  /** A search has ended; it rests the longer the more there was to look through. */
  searched(name: string, tookMs: number): void {
    const restMs = Math.min(Math.max(restMsMin, restPerSearch * tookMs), restMsMax);
    this.#restUntilMs.set(name, this.#deps.clock() + restMs);
  }

  /** Lanes whose work another account of some route would take now. */
  #mayMove(name: string): boolean {
    const routes = this.#routesOf(name);
    if (routes.length === 0) return false;
    // What a lane may work on it claims, and asks for each.
    const { state } = this.#deps.lane(name);
    const claims =
      state.is === 'open' ? this.standing(name).is === 'works' : mayWork(state, this.#deps.clock());
    if (claims) return false;
    return routes.some(
      (accounts) => this.taker({ accounts, current: name, recipients: 1 }) !== name,
    );
  }

  #searchWhenChanged(name: string, nowMs: number): void {
    const times = this.#routesOf(name)
      .flat()
      .map((account) => this.standing(account).changesAtMs)
      .filter((atMs) => atMs !== null && atMs > nowMs);
    if (times.length > 0) this.#searchFrom(name, Math.min(...(times as number[])));
  }

  #searchFrom(name: string, fromMs: number): void {
    // A clock set back must not make a rest of it.
    const restedMs = Math.min(this.#restUntilMs.get(name) ?? 0, this.#deps.clock() + restMsMax);
    const atMs = Math.max(fromMs, restedMs);
    const soonest = Math.min(this.#searchAtMs.get(name) ?? atMs, atMs);
    this.#searchAtMs.set(name, soonest);
    this.#deps.onDue(soonest);
  }

  /** Of each route with an alternative for it: all its accounts. */
  #routesOf(name: string): (readonly string[])[] {
    return this.#deps.settings().routes.flatMap(({ action }) => {
      if (action.is !== 'accounts' || action.accounts.length < 2) return [];
      return action.accounts.includes(name) ? [action.accounts] : [];
    });
  }

  #used(account: string, to: string): void {
    const standing = this.standing(account);
    if (standing.is !== 'down' || this.standing(to).is === 'down') return;
    const standIns = this.#standIns.get(account) ?? new Set();
    this.#standIns.set(account, standIns);
    if (standIns.has(to)) return;
    standIns.add(to);
    const reason = REASON_CLASSES.find((known) => known === standing.reason) ?? null;
    this.#deps.emit({ is: 'failover.used', account, to, reason });
  }

  #ended(account: string): void {
    const standIns = this.#standIns.get(account);
    if (standIns === undefined || this.standing(account).is !== 'works') return;
    this.#standIns.delete(account);
    for (const to of standIns) this.#deps.emit({ is: 'failover.ended', account, to });
  }
}
