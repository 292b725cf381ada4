import type { QuotaBucket } from '../relay/quota.ts';

const bucketsPerWindow = 100;

/** Those that have not left a rolling window. */
export function rollingLive(
  buckets: readonly QuotaBucket[],
  windowMs: number,
  nowMs: number,
): readonly QuotaBucket[] {
  return buckets.filter(({ endMs }) => endMs + windowMs > nowMs);
}

/** Units counted now, in the bucket that is open. */
export function added(
  live: readonly QuotaBucket[],
  windowMs: number,
  { counted, nowMs }: { readonly counted: number; readonly nowMs: number },
): QuotaBucket[] {
  const bucketMs = bucketMsOf(windowMs);
  const endMs = (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  const last = live.at(-1);
  if (last === undefined || last.endMs < endMs) return [...live, { endMs, units: counted }];
  return [...live.slice(0, -1), { endMs: last.endMs, units: last.units + counted }];
}

export function bucketMsOf(windowMs: number): number {
  return Math.max(1, Math.floor(windowMs / bucketsPerWindow));
}

export function sumOf(buckets: readonly QuotaBucket[]): number {
  return buckets.reduce((total, { units }) => total + units, 0);
}
