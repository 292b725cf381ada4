import type { AlertBox, AlertEntry, AlertOutcome, WaitingAlert } from '../relay/alert.ts';
import { emptyDigest, totalOf, withEntry } from './alert-digest.ts';
import { jittered } from './schedule.ts';

/*
 * What one destination is told, and when.
 *
 * The first event makes an alert at once. What follows gathers, and becomes the next alert when
 * `digestMs` have gone by since the last one was made and that one was told or given up. So at most
 * one alert waits, however long nobody answers: what happens meanwhile is counted, not queued.
 */

/** Between tries of one alert; the last repeats. Milliseconds. */
const WAITS_MS = [10, 30, 60, 120, 300, 600, 900, 1_800].map((seconds) => seconds * 1_000);
/** An alert is given up after so long. */
export const alertLifetimeMs = 24 * 3_600_000;

export const emptyBox: AlertBox = {
  waiting: null,
  gathering: emptyDigest,
  madeAtMs: null,
  lost: 0,
  last: null,
};

export function noted(box: AlertBox, entry: AlertEntry): AlertBox {
  return { ...box, gathering: withEntry(box.gathering, entry) };
}

/** When there is something to do: an alert to be made or to be tried; null: not before an event. */
export function nextAtMs(
  { waiting, gathering, madeAtMs }: AlertBox,
  digestMs: number,
  nowMs: number,
): number | null {
  if (waiting !== null) return waiting.nextAtMs;
  if (gathering.counts.length === 0) return null;
  // A clock that was set back must not keep an alert back.
  return madeAtMs === null || madeAtMs > nowMs ? nowMs : madeAtMs + digestMs;
}

/** The alert to be tried now, made of what has gathered when none waits. */
export function made(
  box: AlertBox,
  id: string,
  nowMs: number,
): { box: AlertBox; alert: WaitingAlert } {
  if (box.waiting !== null) return { box, alert: box.waiting };
  const alert = { id, atMs: nowMs, tries: 0, nextAtMs: nowMs, ...box.gathering };
  return { box: { ...box, waiting: alert, gathering: emptyDigest, madeAtMs: nowMs }, alert };
}

export interface Tried {
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly dice: number;
}

/** After a try of the alert that waits. */
export function afterTry(box: AlertBox, outcome: AlertOutcome, { nowMs, dice }: Tried): AlertBox {
  const { waiting } = box;
  if (waiting === null) return box;
  const last = { atMs: nowMs, ok: outcome.is === 'told', detail: outcome.detail };
  if (outcome.is === 'told') return { ...box, waiting: null, lost: 0, last };
  const wait = WAITS_MS[Math.min(waiting.tries, WAITS_MS.length - 1)] ?? 0;
  const asked = outcome.is === 'retry' ? (outcome.notBeforeMs ?? 0) : 0;
  const againAtMs = nowMs + Math.max(jittered(wait, dice), asked);
  if (outcome.is === 'refused' || againAtMs >= waiting.atMs + alertLifetimeMs) {
    return { ...box, waiting: null, lost: box.lost + totalOf(waiting), last };
  }
  const again = { ...waiting, tries: waiting.tries + 1, nextAtMs: againAtMs };
  return { ...box, waiting: again, last };
}

/** Events that it was not told of yet. */
export function untold({ waiting, gathering }: AlertBox): number {
  return totalOf(gathering) + (waiting === null ? 0 : totalOf(waiting));
}

/** At start: what waited is tried at once. */
export function restored(box: AlertBox, nowMs: number): AlertBox {
  return box.waiting === null ? box : { ...box, waiting: { ...box.waiting, nextAtMs: nowMs } };
}
