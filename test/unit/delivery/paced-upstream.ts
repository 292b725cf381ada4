import { Paces } from '../../../src/delivery/paces.ts';

/** What an upstream makes of a message that reached its final dot at that time. */
export type Limit = (nowMs: number) => boolean;

export function tokenBucket(perSecond: number, capacity = perSecond): Limit {
  let [tokens, atMs] = [capacity, 0];
  return (nowMs) => {
    tokens = Math.min(capacity, tokens + ((nowMs - atMs) * perSecond) / 1_000);
    atMs = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** At most so many in any window that ends now; refused ones do not count. */
export function slidingWindow(count: number, windowMs = 1_000): Limit {
  let taken: number[] = [];
  return (nowMs) => {
    taken = taken.filter((atMs) => atMs > nowMs - windowMs);
    if (taken.length >= count) return false;
    taken.push(nowMs);
    return true;
  };
}

/** So many per calendar window. */
export function fixedWindow(count: number, windowMs = 1_000): Limit {
  let [window, taken] = [-1, 0];
  return (nowMs) => {
    const at = Math.floor(nowMs / windowMs);
    if (at !== window) [window, taken] = [at, 0];
    if (taken >= count) return false;
    taken++;
    return true;
  };
}

export interface Played {
  readonly acceptedAtMs: readonly number[];
  readonly refusedAtMs: readonly number[];
  /** Refusals that the pace alone could not answer. */
  readonly pauses: number;
}

/**
 * One account with a queue that never ends until `untilMs`, its connections, and an upstream that
 * answers after `tookMs`. Where the pace gives up the account pauses as its ladder says.
 */
export function play(options: {
  readonly limit: Limit;
  readonly connections: number;
  readonly untilMs: number;
  readonly tookMs: (started: number) => number;
  readonly pausesMs?: readonly number[];
}): Played {
  const { limit, connections, untilMs, tookMs } = options;
  const ladderMs = options.pausesMs ?? [5_000, 10_000, 30_000, 20 * 60_000];
  let nowMs = 0;
  const paces = new Paces(() => nowMs);
  const acceptedAtMs: number[] = [];
  const refusedAtMs: number[] = [];
  let running: { begunAtMs: number; dotAtMs: number }[] = [];
  let [started, pauses, strikes, pausedUntilMs] = [0, 0, 0, 0];
  while (nowMs < untilMs) {
    running.sort((a, b) => a.dotAtMs - b.dotAtMs);
    for (const one of running.filter(({ dotAtMs }) => dotAtMs <= nowMs)) {
      if (limit(nowMs)) {
        acceptedAtMs.push(nowMs);
        paces.accepted('ses', 1);
        strikes = 0;
      } else {
        refusedAtMs.push(nowMs);
        if (!paces.refused('ses', one.begunAtMs) && nowMs >= pausedUntilMs) {
          pauses++;
          pausedUntilMs = nowMs + (ladderMs[Math.min(strikes++, ladderMs.length - 1)] ?? 0);
        }
      }
    }
    running = running.filter(({ dotAtMs }) => dotAtMs > nowMs);
    const capacity = strikes > 0 ? 1 : connections;
    while (running.length < capacity && nowMs >= pausedUntilMs && paces.waitMs('ses') === 0) {
      paces.started('ses', 1);
      running.push({ begunAtMs: nowMs, dotAtMs: nowMs + tookMs(started++) });
    }
    const ends = running.map(({ dotAtMs }) => dotAtMs);
    const startMs = Math.max(nowMs + paces.waitMs('ses'), pausedUntilMs, nowMs + 1);
    nowMs = Math.min(...ends, running.length < capacity ? startMs : Number.POSITIVE_INFINITY);
  }
  return { acceptedAtMs, refusedAtMs, pauses };
}
