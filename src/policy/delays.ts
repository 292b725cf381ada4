/** How long things took, in few numbers: any of them is known within 3 %. */
export interface DelayTally {
  add(delayMs: number): void;
  /** The smallest that at least this share did not exceed; null: there are none. */
  share(share: number): number | null;
}

/** Each step is 5 % longer than the one before. */
const growth = Math.log(1.05);

export function delayTally(): DelayTally {
  const counts = new Map<number, number>();
  let total = 0;
  return {
    add(delayMs) {
      // A clock that was set back meanwhile makes no delivery faster than at once.
      const step = Math.round(Math.log(Math.max(1, delayMs)) / growth);
      counts.set(step, (counts.get(step) ?? 0) + 1);
      total++;
    },
    share(share) {
      if (total === 0) return null;
      let left = Math.ceil(total * share);
      let reached = 0;
      for (const [step, count] of [...counts].toSorted(([a], [b]) => a - b)) {
        reached = step;
        left -= count;
        if (left <= 0) break;
      }
      return Math.round(Math.exp(reached * growth));
    },
  };
}
