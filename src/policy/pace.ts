/*
 * How fast an account may send when its upstream says "too fast" and not how fast it may be.
 *
 * Such a reply halves what was measured as accepted and gives the pace a rate to return to: the one
 * that worked. The first one, and one that follows soon, is answered with a second's rest as well,
 * so that windows of the upstream's empty themselves. Return is quick (it doubles) up to just below
 * what worked; from there the rate climbs slowly, reaches it after a minute, and goes on with the
 * third power of the time, so that a limit that was raised, or an outage that looked like a limit,
 * is soon outgrown. Time counts only while the pace is what holds mail back and mail is taken: any
 * other rate has not been tried. What was measured before the first cut may have been much too
 * short, so all this goes faster until the second.
 */

export interface Pace {
  /** Units per second to return to: the upstream took so many. */
  readonly worked: number;
  /** Units per second now. */
  readonly perSecond: number;
  /** Measured once, in a burst. */
  readonly guessed: boolean;
  /** How long the rate has been climbing from just below what worked. */
  readonly probedMs: number;
  readonly cutAtMs: number;
  /** Whether the upstream has taken anything since. */
  readonly acceptedSinceCut: boolean;
  readonly nextAtMs: number;
}

/** Units per second; a reply that asks for less is answered with a pause. */
export const floorPerSecond = 0.2;

const restMs = 1_000;
/** A start that comes late is made up for by no more than this: timers are late, mail is not bunched. */
const lateMsMax = 50;
/** Refused again so soon, the rate that was returned to is too high, whatever was measured. */
const settlingMs = 10_000;
/** Where the quick return ends, in parts of what worked. */
const returnsTo = 0.95;
const climbMs = 60_000;
const guessedHaste = 4;
/** In parts of what worked, so many minutes after it was reached. */
const beyond = (minutes: number): number => 0.1 * minutes ** 3;
/** A pace that has outgrown what once worked so many times over is forgotten. */
const outgrown = 10;

export interface Refused {
  readonly nowMs: number;
  /** When the transaction that was refused began. */
  readonly begunAtMs: number;
  /** Units per second accepted lately, up to now. */
  readonly acceptedPerSecond: number;
}

/**
 * The upstream said "too fast". The same pace: the transaction had begun before the last cut, and
 * was refused with those that led to it. Null: it is as slow as it gets.
 */
export function afterRefusal(pace: Pace | null, refused: Refused): Pace | null {
  const { nowMs, begunAtMs } = refused;
  if (pace !== null && begunAtMs < pace.cutAtMs) return pace;
  if (pace !== null && pace.perSecond <= floorPerSecond) return null;
  const worked = Math.max(floorPerSecond, workedUntil(pace, refused));
  const cut = Math.min(pace?.perSecond ?? worked, worked) / 2;
  const perSecond = Math.max(floorPerSecond, cut);
  // A single refusal at a rate that had settled is chance: half the rate is rest enough.
  const settled = pace !== null && nowMs - pace.cutAtMs >= settlingMs;
  const nextAtMs = nowMs + Math.max(settled ? 0 : restMs, 1_000 / perSecond);
  return {
    worked,
    guessed: pace === null || (pace.guessed && !pace.acceptedSinceCut),
    perSecond,
    probedMs: 0,
    cutAtMs: nowMs,
    acceptedSinceCut: false,
    nextAtMs,
  };
}

function workedUntil(pace: Pace | null, { nowMs, acceptedPerSecond }: Refused): number {
  if (pace === null) return acceptedPerSecond;
  // Nothing was taken at any rate since: that says nothing about the one that worked before.
  if (!pace.acceptedSinceCut) return pace.worked;
  const soon = nowMs - pace.cutAtMs < settlingMs;
  return Math.min(pace.perSecond, soon ? 0.9 * pace.worked : acceptedPerSecond);
}

/** The first moment at which a transaction may start, `nowMs` when it may now. */
export function startsFrom({ nextAtMs }: Pace, nowMs: number): number {
  return Math.max(nowMs, Math.ceil(nextAtMs));
}

/** A transaction for so many units starts. Null: the pace was outgrown. */
export function afterStart(pace: Pace, units: number, nowMs: number): Pace | null {
  const tookMs = (units / pace.perSecond) * 1_000;
  const asked = nowMs - pace.nextAtMs <= Math.max(lateMsMax, tookMs);
  const nextAtMs = Math.max(pace.nextAtMs, nowMs - lateMsMax) + tookMs;
  const { worked } = pace;
  const target = returnsTo * worked;
  if (!asked || !pace.acceptedSinceCut) return { ...pace, nextAtMs };
  if (pace.perSecond < target) {
    // Doubles every second, at low rates every four units.
    const doublings = Math.min(tookMs / 1_000, units / 4);
    const perSecond = Math.min(target, pace.perSecond * 2 ** doublings);
    return { ...pace, perSecond, nextAtMs };
  }
  const probedMs = pace.probedMs + tookMs * (pace.guessed ? guessedHaste : 1);
  const perSecond = Math.max(floorPerSecond, worked * climbed(probedMs));
  if (perSecond > outgrown * worked && worked > floorPerSecond) return null;
  return { ...pace, perSecond, probedMs, nextAtMs };
}

function climbed(probedMs: number): number {
  return probedMs < climbMs
    ? returnsTo + (1 - returnsTo) * (probedMs / climbMs)
    : 1 + beyond((probedMs - climbMs) / 60_000);
}

/** The upstream took something. */
export function afterAcceptance(pace: Pace): Pace {
  return pace.acceptedSinceCut ? pace : { ...pace, acceptedSinceCut: true };
}
