/**
 * One minute as the relay counts it: Unix time in seconds, counts of that minute, and its delays in
 * milliseconds; null where nothing was measured.
 * @typedef {readonly (number | null)[]} Row
 */

const rowsMax = 24 * 60;

/**
 * The relay's minutes, the oldest first and the running one last.
 * @param {{ columns: readonly string[], rows: readonly Row[] }} series As /series gives them.
 */
export function makeSeries({ columns, rows }) {
  let kept = [...rows];
  return {
    /** @param {Row} minute The running minute again, or the next one. */
    add(minute) {
      const last = kept.at(-1)?.[0] ?? 0;
      if ((minute[0] ?? 0) < (last ?? 0)) return;
      if (minute[0] === last) kept.pop();
      kept.push(minute);
      kept = kept.slice(-rowsMax);
    },
    /**
     * Columns over the last so many minutes, each value that of `stepMinutes` together.
     * @param {readonly string[]} names
     * @param {{ minutes: number, stepMinutes: number }} span
     * @returns {[number[], ...(number | null)[][]]}
     */
    view(names, { minutes, stepMinutes }) {
      const end = kept.at(-1)?.[0] ?? 0;
      const groups = Map.groupBy(
        kept.filter(([time]) => (time ?? 0) > (end ?? 0) - minutes * 60),
        ([time]) => Math.floor((time ?? 0) / 60 / stepMinutes),
      );
      const times = [...groups.keys()].map((group) => group * stepMinutes * 60);
      const values = names.map((name) => {
        const column = columns.indexOf(name);
        return [...groups.values()].map((group) => together(name, group, column));
      });
      return [times, ...values];
    },
  };
}

/**
 * Counts are given per minute, so that both spans have one scale; depths and delays by their worst.
 * @param {string} name
 * @param {readonly Row[]} group
 * @param {number} column
 */
function together(name, group, column) {
  const values = group.flatMap((row) => row[column] ?? []);
  if (values.length === 0) return null;
  if (name === 'waiting' || name.startsWith('delay')) return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / group.length;
}
