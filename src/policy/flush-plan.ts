import type { LaneSurvey } from '../relay/queue.ts';

const hourMs = 3_600_000;
/** Ahead of now: what expires is counted up to each of them, because nobody knows the finish yet. */
const AHEAD_MS = [1, 2, 6, 12, 24, 48, 96, 168].map((hours) => hours * hourMs);

/** The instants that a survey has to count expiries for. */
export function surveyExpiries(nowMs: number): readonly number[] {
  return AHEAD_MS.map((aheadMs) => nowMs + aheadMs);
}

export interface LanePace {
  readonly nowMs: number;
  /** Messages or recipients, as `units`; null: not known. */
  readonly perSecond: number | null;
  /** When the limits of the account let the last of it go; null: it has none. */
  readonly limitsOutAtMs: number | null;
  /** Nothing of it goes before somebody acts. */
  readonly stopped: boolean;
}

export interface LaneForecast {
  /** Null: nobody knows. */
  readonly outAtMs: number | null;
  /**
   * Recipients whose lifetime ends within the hour, or before the last of the lane has gone; the
   * latter to the next full step below, so rather too few than too many.
   */
  readonly tooOld: number;
}

/** When a flushed lane is empty at the pace that is known, and what comes too late by then. */
export function forecast(lane: LaneSurvey, units: number, pace: LanePace): LaneForecast {
  const { nowMs, perSecond, limitsOutAtMs, stopped } = pace;
  const byPace = perSecond === null || perSecond <= 0 ? null : nowMs + (units / perSecond) * 1000;
  const known = [byPace, limitsOutAtMs].filter((atMs) => atMs !== null);
  const outAtMs = stopped || known.length === 0 ? null : Math.round(Math.max(...known, nowMs));
  const steps = surveyExpiries(nowMs);
  const last = outAtMs === null ? 0 : steps.findLastIndex((atMs) => atMs <= outAtMs);
  return { outAtMs, tooOld: lane.expiring[Math.max(0, last)] ?? 0 };
}
