/** Counts by step of time, as many steps back as it has slots; what is older is forgotten. */
export interface CounterRing {
  /** Steps are whole numbers that grow; one that is too far behind the newest is forgotten at once. */
  add(step: number, count?: number): void;
  /** Of the steps from `first` up to and with `last`. */
  sum(first: number, last: number): number;
}

export function counterRing(slots: number): CounterRing {
  const counts = new Float64Array(slots);
  let newest = 0;
  const turnTo = (step: number): void => {
    const from = Math.max(newest + 1, step - slots + 1);
    for (let passed = from; passed <= step; passed++) counts[passed % slots] = 0;
    newest = Math.max(newest, step);
  };
  return {
    add(step, count = 1) {
      turnTo(step);
      if (step <= newest - slots) return;
      counts[step % slots] = (counts[step % slots] ?? 0) + count;
    },
    sum(first, last) {
      turnTo(last);
      let all = 0;
      for (let step = Math.max(first, newest - slots + 1); step <= last; step++) {
        all += counts[step % slots] ?? 0;
      }
      return all;
    },
  };
}
