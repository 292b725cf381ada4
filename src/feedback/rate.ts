/** A right to so many posts at once, which grows back: whoever has none left is told to wait. */
export function postRate(
  { burst, perSecond }: { readonly burst: number; readonly perSecond: number },
  clock: () => number,
): () => boolean {
  let left = burst;
  let atMs = clock();
  return () => {
    const nowMs = clock();
    left = Math.min(burst, left + (Math.max(0, nowMs - atMs) * perSecond) / 1_000);
    atMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
