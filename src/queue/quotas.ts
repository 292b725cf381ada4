import type { KeptQuota, QuotaBucket, QuotaWindow } from '../relay/quota.ts';
import type { Core } from './core.ts';
import { parseJson } from './rows.ts';

/** A row that makes no sense counts as nothing used: mail is tried, the provider has the last word. */
export function quotas(core: Core): ReadonlyMap<string, KeptQuota> {
  const found = new Map<string, KeptQuota>();
  for (const row of core.sql.quotas.all()) {
    const windows = decodeWindows(row.windows);
    if (windows === null) continue;
    found.set(row.account, {
      pending: row.pending,
      windows,
      at: { boot: row.boot, monotonicMs: row.monotonic_at, wallMs: row.wall_at },
    });
  }
  return found;
}

export function saveQuota(
  core: Core,
  { account, quota }: { account: string; quota: KeptQuota },
): undefined {
  const { at, pending, windows } = quota;
  const text = JSON.stringify(
    windows.map(({ windowMs, buckets }) => [
      windowMs,
      buckets.flatMap(({ endMs, units }) => [endMs, units]),
    ]),
  );
  core.sql.saveQuota.run(account, at.boot, at.monotonicMs, at.wallMs, pending, text);
}

function decodeWindows(text: string): QuotaWindow[] | null {
  const list = parseJson(text);
  if (!Array.isArray(list)) return null;
  const windows = list.flatMap((one: unknown): QuotaWindow[] => {
    const [windowMs, numbers] = Array.isArray(one) ? one : [];
    const whole = Array.isArray(numbers) && numbers.every(Number.isSafeInteger);
    if (!Number.isSafeInteger(windowMs) || !whole || numbers.length % 2 !== 0) return [];
    return [{ windowMs, buckets: decodeBuckets(numbers) }];
  });
  return windows.length === list.length ? windows : null;
}

function decodeBuckets(numbers: readonly number[]): QuotaBucket[] {
  const buckets: QuotaBucket[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    buckets.push({ endMs: numbers[at] ?? 0, units: numbers[at + 1] ?? 0 });
  }
  return buckets;
}
