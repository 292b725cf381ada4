/** So many in so long. */
export interface Allowance {
  readonly amount: number;
  readonly perMs: number;
  /**
   * `rolling`: never more in any span of that length. `calendar`: begins anew at each full one (hour, day; UTC).
   * `bucket`: refilled evenly, full at first.
   */
  readonly as: 'rolling' | 'calendar' | 'bucket';
}

/** What is used of an allowance; times in milliseconds of the epoch that never go back. */
export interface Meter {
  readonly amount: number;
  used(nowMs: number): number;
  fits(units: number, nowMs: number): boolean;
  take(units: number, nowMs: number): void;
  /** When one more fits again, if nothing else is taken meanwhile. */
  freeAtMs(nowMs: number): number;
}

export function makeMeter(allowance: Allowance): Meter {
  return allowance.as === 'bucket' ? bucket(allowance) : windowed(allowance);
}

function windowed({ amount, perMs, as }: Allowance): Meter {
  let taken: { units: number; atMs: number }[] = [];
  const endOf = (atMs: number): number =>
    as === 'rolling' ? atMs + perMs : (Math.floor(atMs / perMs) + 1) * perMs;
  const used = (nowMs: number): number => {
    taken = taken.filter(({ atMs }) => endOf(atMs) > nowMs);
    return taken.reduce((sum, { units }) => sum + units, 0);
  };
  return {
    amount,
    used,
    fits: (units, nowMs) => used(nowMs) + units <= amount,
    take: (units, atMs) => void taken.push({ units, atMs }),
    freeAtMs(nowMs) {
      let over = used(nowMs) + 1 - amount;
      for (const { units, atMs } of taken) {
        if (over <= 0) break;
        over -= units;
        if (over <= 0) return endOf(atMs);
      }
      return nowMs;
    },
  };
}

function bucket({ amount, perMs }: Allowance): Meter {
  let level = 0;
  let seenMs = 0;
  const used = (nowMs: number): number => {
    level = Math.max(0, level - ((nowMs - seenMs) * amount) / perMs);
    seenMs = nowMs;
    return level;
  };
  return {
    amount,
    used,
    fits: (units, nowMs) => used(nowMs) + units <= amount,
    take(units, nowMs) {
      level = used(nowMs) + units;
    },
    freeAtMs: (nowMs) => nowMs + Math.max(0, used(nowMs) + 1 - amount) * (perMs / amount),
  };
}
