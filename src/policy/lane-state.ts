import type { AccountState } from '../relay/account.ts';
import type { Verdict } from '../relay/outcome.ts';
import { endOfPause } from './pause-end.ts';
import { jittered } from './schedule.ts';

/*
 * Whether one account's lane may work.
 *
 * open    Attempts run.
 * paused  Stopped until a time. When it has come attempts run again, one at a time, but the state
 *         stays `paused`, so that the next failure of the same kind waits longer (a strike more);
 *         a success makes it `open`. A pause for want of a connection is the circuit breaker:
 *         a connection is success enough.
 * held    Stopped until someone acts: the operator resumes it, or a reload brings what it waited
 *         for.
 */

export interface VerdictContext {
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly dice: number;
  /** Of the account as the attempt used it: a hold ends when a reload brings another. */
  readonly credentialVersion: string;
  /** The reply or fault as one line, for people. */
  readonly detail: string;
}

/** Only verdicts about the account change its state; the others come from an account that works. */
export function onVerdict(
  state: AccountState,
  verdict: Verdict,
  context: VerdictContext,
): AccountState {
  if (verdict.scope !== 'account' || state.is === 'held') return state;
  const { nowMs, detail, credentialVersion } = context;
  const { reason, mayFailOver } = verdict;
  const own = mayFailOver === undefined ? {} : { mayFailOver };
  if (verdict.action === 'hold') {
    return { is: 'held', reason, detail, sinceMs: nowMs, credentialVersion, ...own };
  }
  const again = state.is === 'paused' && state.reason === reason ? state : null;
  const running = state.is === 'paused' && !mayWork(state, nowMs) ? state : null;
  // Attempts that ran side by side fail together: that is one occurrence, not several.
  if (again !== null && again === running) return again;
  const strikes = (again?.strikes ?? 0) + 1;
  const wait = verdict.waitsMs[Math.min(strikes, verdict.waitsMs.length) - 1] ?? 0;
  const named = verdict.until === undefined ? null : endOfPause(verdict.until, context);
  const untilMs = named ?? nowMs + jittered(wait, context.dice);
  // Another kind of failure must not shorten a pause that is running, a quota's for instance.
  if (running !== null && running.untilMs >= untilMs) return running;
  // A clock set back meanwhile must not leave the beginning in the future.
  const sinceMs = Math.min(again?.sinceMs ?? nowMs, nowMs);
  return {
    is: 'paused',
    untilMs,
    reason,
    detail,
    sinceMs,
    strikes,
    ...failingSince(state),
    ...own,
  };
}

/** A pause that follows another prolongs what began with the first, whatever their reasons. */
function failingSince(state: AccountState): { failingSinceMs?: number } {
  return state.is === 'paused' ? { failingSinceMs: state.failingSinceMs ?? state.sinceMs } : {};
}

/**
 * The upstream took a message. Ends a pause whose time is over; a running one was ordered after
 * this attempt began, and a hold is for someone to end.
 */
export function onSuccess(state: AccountState, nowMs: number): AccountState {
  return state.is === 'paused' && mayWork(state, nowMs) ? { is: 'open' } : state;
}

/**
 * A new connection is ready and logged in. Ends a pause for want of one whose time is over, whatever
 * becomes of the message: the breaker was about the way there.
 */
export function onConnected(state: AccountState, nowMs: number): AccountState {
  return state.is === 'paused' && state.reason === 'network' ? onSuccess(state, nowMs) : state;
}

/**
 * What may have been mended in relay.yaml without another credential: address, TLS policy,
 * time-outs.
 */
const MENDED_BY_RELOAD: readonly string[] = ['tls', 'network'];

/**
 * A new configuration is in force: changed credentials open a held lane, any reload one stopped by
 * the way there.
 */
export function onReload(state: AccountState, credentialVersion: string): AccountState {
  if (state.is === 'open') return state;
  const changed = state.is === 'held' && state.credentialVersion !== credentialVersion;
  return changed || MENDED_BY_RELOAD.includes(state.reason) ? { is: 'open' } : state;
}

/** Whether the lane may start an attempt. */
export function mayWork(state: AccountState, nowMs: number): boolean {
  switch (state.is) {
    case 'open':
      return true;
    case 'paused':
      // Before the pause began: the clock was set back, and waiting for `untilMs` could take days.
      return nowMs >= state.untilMs || nowMs < state.sinceMs;
    case 'held':
      return false;
  }
}

/** When to look at the lane again; null: not before someone acts. */
export function worksFrom(state: AccountState, nowMs: number): number | null {
  if (mayWork(state, nowMs)) return nowMs;
  return state.is === 'paused' ? state.untilMs : null;
}
