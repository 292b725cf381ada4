/**
 * A longest part of the numbers that only rises, in their order: what did not move in a list where
 * each number is the earlier place of an entry. The numbers differ from one another.
 */
export function longestRising(numbers: readonly number[]): number[] {
  // ends[n]: place of the smallest number that a rising part of n + 1 numbers can end with.
  const ends: number[] = [];
  const previous: number[] = [];
  for (const [place, number] of numbers.entries()) {
    const length = firstNotBelow(ends, numbers, number);
    previous[place] = length === 0 ? -1 : (ends[length - 1] ?? -1);
    ends[length] = place;
  }
  const found: number[] = [];
  for (let place = ends.at(-1) ?? -1; place >= 0; place = previous[place] ?? -1) {
    found.push(numbers[place] ?? 0);
  }
  return found.toReversed();
}

function firstNotBelow(ends: readonly number[], numbers: readonly number[], limit: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[ends[middle] ?? 0] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
