import type { AccountState } from '../relay/account.ts';
import { mayWork } from './lane-state.ts';
import { handsOver } from './verdicts.ts';

/*
 * Which account of a route takes a message now.
 *
 * Only the state of accounts counts, never what became of a message: a refusal of content,
 * recipient or sender would be repeated by the next provider and cost a second reputation.
 */

/** What is known of one account. */
export interface AccountFacts {
  readonly state: AccountState;
  /** From when its limits have room for the message; a time that has passed: now. */
  readonly roomAtMs: number;
  /** Nothing else finds out whether it works again. */
  readonly mayProbe: boolean;
}

/**
 * works   It takes mail.
 * waits   It has stopped, but not for long enough to hand over: mail waits for it.
 * probe   Stopped for long; its time has come, and one message finds out whether it works again.
 * down    Stopped for long: the next account takes over.
 */
export interface Standing {
  readonly is: 'works' | 'waits' | 'probe' | 'down';
  /** Why it does not work; null when it does. */
  readonly reason: string | null;
  /** When this answer changes by itself; null: not by time. */
  readonly changesAtMs: number | null;
}

export function standingOf(
  { state, roomAtMs, mayProbe }: AccountFacts,
  { afterMs, nowMs }: { readonly afterMs: number; readonly nowMs: number },
): Standing {
  if (state.is === 'open') {
    const full = Number.isFinite(roomAtMs) && roomAtMs > nowMs && roomAtMs - nowMs >= afterMs;
    if (!full) return { is: 'works', reason: null, changesAtMs: null };
    // Exactly `afterMs` before there is room it is still full.
    return { is: 'down', reason: 'quota', changesAtMs: roomAtMs - Math.max(0, afterMs - 1) };
  }
  const { reason } = state;
  if (!handsOver(state)) return { is: 'waits', reason, changesAtMs: null };
  const downFromMs = stoppedSince(state) + afterMs;
  if (nowMs < downFromMs) return { is: 'waits', reason, changesAtMs: downFromMs };
  if (!mayWork(state, nowMs)) {
    return { is: 'down', reason, changesAtMs: state.is === 'paused' ? state.untilMs : null };
  }
  return { is: mayProbe ? 'probe' : 'down', reason, changesAtMs: null };
}

/** Since when it has not worked, whatever the reasons were one after the other. */
function stoppedSince(state: Exclude<AccountState, { is: 'open' }>): number {
  return state.is === 'paused' ? (state.failingSinceMs ?? state.sinceMs) : state.sinceMs;
}

/**
 * The first of a route's accounts that takes mail or is waited for. When none does, mail stays where
 * it is (`current`), and what is new goes to the first.
 */
export function firstToTake(
  accounts: readonly string[],
  standing: (account: string) => Standing,
  current: string | null,
): string | null {
  const taker = accounts.find((account) => standing(account).is !== 'down');
  if (taker !== undefined) return taker;
  return current !== null && accounts.includes(current) ? current : (accounts[0] ?? null);
}
