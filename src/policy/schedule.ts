import { assert } from '../lib/assert.ts';

export type Next = { readonly is: 'retry'; readonly dueAtMs: number } | { readonly is: 'expired' };

/** RFC 1047, RFC 5321 section 4.5.3.2.6: the peer may be busy with what it has, so it gets time. */
export const inDoubtWaitMs = 15 * 60_000;

/**
 * Part of an interval by which chance may shorten or lengthen it, so that retries do not march in
 * step.
 */
export const jitter = 0.2;

/** Spreads a wait over +-20 %. `dice` is uniform in [0, 1). */
export function jittered(waitMs: number, dice: number): number {
  return Math.round(waitMs * (1 - jitter + 2 * jitter * dice));
}

/**
 * RFC 5321 section 4.5.4.1: when to try again after a failed attempt, or that it is too late.
 * `attempts` counts those that failed so far, the one that just ended included. The last interval
 * repeats.
 * An interval that reaches beyond the lifetime is cut so that one last attempt fits in before its
 * end.
 */
export function nextAttempt(input: {
  readonly attempts: number;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
  readonly nowMs: number;
  readonly retryMs: readonly number[];
  readonly dice: number;
}): Next {
  const { retryMs, nowMs } = input;
  const first = retryMs[0];
  assert(first !== undefined, 'queue.retry has at least one interval');
  const index = Math.min(Math.max(input.attempts, 1), retryMs.length) - 1;
  const waitMs = jittered(retryMs[index] ?? first, input.dice);
  // A clock that was ahead at acceptance must not stretch the lifetime.
  const lifetimeMs = input.expiresAtMs - input.acceptedAtMs;
  const expiresAtMs = Math.min(input.expiresAtMs, nowMs + lifetimeMs);
  const dueAtMs = Math.min(nowMs + waitMs, expiresAtMs - Math.min(first, lastAttemptSpareMs));
  const leastMs = Math.min(waitMs, first * (1 - jitter));
  return dueAtMs - nowMs >= leastMs && dueAtMs < expiresAtMs
    ? { is: 'retry', dueAtMs }
    : { is: 'expired' };
}

/**
 * How long before the end of the lifetime the last attempt starts, so that expiry does not overtake
 * it.
 */
const lastAttemptSpareMs = 60_000;

/**
 * When an attempt whose final dot got no answer is repeated: never earlier than the wait itself.
 */
export function inDoubtDue(nowMs: number, dice: number): number {
  return nowMs + Math.round(inDoubtWaitMs * (1 + jitter * dice));
}

/**
 * The furthest due time any schedule can give; what is further ahead was written by a clock since
 * set back.
 */
export function latestDue(nowMs: number, retryMs: readonly number[]): number {
  return nowMs + Math.ceil(Math.max(inDoubtWaitMs, ...retryMs) * (1 + jitter));
}

/** A due time no schedule could have given is due now. */
export function clampDue(dueAtMs: number, nowMs: number, retryMs: readonly number[]): number {
  return dueAtMs > latestDue(nowMs, retryMs) ? nowMs : dueAtMs;
}
