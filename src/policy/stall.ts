import type { AccountState } from '../relay/account.ts';
import type { LaneCount } from '../relay/queue.ts';
import type { QuotaUse } from './quota.ts';

/** What is known of one account's mail at one look. */
export interface LaneView {
  readonly account: string;
  /** Recipients that are due, or would be if the account worked; those being tried count. */
  readonly due: number;
  /** Why it does not deliver is known and told, or wanted; null: it should deliver. */
  readonly excuse: 'held' | 'quota' | 'limit' | 'paused' | null;
  /** Null: nothing since the start. */
  readonly deliveredAtMs: number | null;
}

/**
 * An account that delivers none of so many fresh messages in a row delivers nothing, however late
 * each of them is tried again. Those tried before do not count: after a large mailing only full
 * mailboxes are left, for days.
 */
export const failuresInARowMax = 5;

export interface LaneFacts {
  readonly counts: readonly LaneCount[];
  readonly state: AccountState;
  readonly quotas: readonly QuotaUse[];
  readonly failuresInARow: number;
  readonly deliveredAtMs: number | null;
  /** An operator has paused all delivery. */
  readonly allPaused: boolean;
}

/** `counts` are those of this account's lane. */
export function laneView(account: string, facts: LaneFacts, nowMs: number): LaneView {
  const { counts, state, deliveredAtMs, failuresInARow } = facts;
  const stopped = state.is !== 'open' || failuresInARow >= failuresInARowMax;
  const due = counts
    .filter(({ state: is, nextDueAtMs }) => {
      if (is === 'leased') return true;
      return nextDueAtMs !== null && (stopped || nextDueAtMs <= nowMs);
    })
    .reduce((sum, { recipients }) => sum + recipients, 0);
  return { account, due, excuse: excuseOf(facts), deliveredAtMs };
}

/** A pause for a provider's trouble is none: it may last for weeks, one after the other. */
function excuseOf({ state, quotas, allPaused }: LaneFacts): LaneView['excuse'] {
  if (allPaused) return 'paused';
  if (state.is === 'held') return 'held';
  if (quotas.some(({ rate, used }) => used >= rate.count)) return 'limit';
  return state.is === 'paused' && state.reason === 'quota' ? 'quota' : null;
}

/** How long mail has been due without a delivery. */
export interface Stall {
  /** Null: nothing is due. */
  readonly sinceMs: number | null;
  /** It was said. */
  readonly said: boolean;
}

export const noStall: Stall = { sinceMs: null, said: false };

export interface Look {
  readonly due: number;
  /** Nothing is expected to be delivered: neither the beginning nor the end of a stall. */
  readonly excused: boolean;
  readonly deliveredAtMs: number | null;
  readonly nowMs: number;
  readonly afterMs: number;
}

/** What one look changes. It is over with a delivery, or when nothing is due any more. */
export function stallAfter(before: Stall, look: Look): Stall {
  const { due, excused, deliveredAtMs, nowMs, afterMs } = look;
  if (due === 0) return noStall;
  if (excused) return before.said ? before : noStall;
  const sinceMs = Math.min(before.sinceMs ?? nowMs, nowMs);
  const moved = deliveredAtMs !== null && deliveredAtMs > sinceMs;
  if (moved) return { sinceMs: Math.min(deliveredAtMs, nowMs), said: false };
  return { sinceMs, said: before.said || nowMs - sinceMs >= afterMs };
}

/**
 * Whether no account at all delivers: two or more should, and each of them is stalled. `stalls`: of
 * the accounts that should; `due` and `deliveredAtMs`: of all.
 */
export function relayStallAfter(
  before: Stall,
  {
    stalls,
    due,
    deliveredAtMs,
  }: Pick<Look, 'due' | 'deliveredAtMs'> & { stalls: readonly Stall[] },
): Stall {
  const all = stalls.length > 1 && stalls.every(({ said }) => said);
  const sinceMs = before.said ? before.sinceMs : Math.max(...stalls.map((one) => one.sinceMs ?? 0));
  const moved = deliveredAtMs !== null && deliveredAtMs > (sinceMs ?? 0);
  if (moved || due === 0) return noStall;
  return before.said || all ? { sinceMs, said: true } : noStall;
}

/** Windows shorter than this fill up all the time and empty by themselves. */
const longWindowMs = 3_600_000;
/** Below this share there is room again; a rolling window that is full would flutter otherwise. */
const roomShare = 0.9;

/** Which long windows of `limits.rate` are used up. */
export function exhausted(
  uses: readonly QuotaUse[],
  wasUsedUp: (use: QuotaUse) => boolean,
): readonly QuotaUse[] {
  return uses.filter((use) => {
    const share = use.used / use.rate.count;
    if (use.rate.windowMs < longWindowMs) return false;
    return share >= 1 || (wasUsedUp(use) && share >= roomShare);
  });
}

/** Whether a disk is about to be too full for mail. `was`: it was at the last look. */
export function isDiskLow(freeBytes: number, neededBytes: number, was: boolean): boolean {
  return freeBytes < neededBytes * (was ? 2.5 : 2);
}
