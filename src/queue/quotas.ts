import type { KeptQuota, Quota, QuotaBucket, QuotaWindow } from '../relay/quota.ts';
import type { Counts } from '../relay/quota-rate.ts';
import type { Core } from './core.ts';
import { byAccount } from './kept.ts';
import { parseJson } from './rows.ts';

/** A row that makes no sense counts as nothing used: mail is tried, the provider has the last word. */
export function quotas(core: Core): ReadonlyMap<string, KeptQuota> {
  return byAccount(core.sql.quotas.all(), (row) => {
    const quota = decodeQuota(row.pending, row.windows);
    const at = { boot: row.boot, monotonicMs: row.monotonic_at, wallMs: row.wall_at };
    return quota === null ? null : { ...quota, at };
  });
}

export function saveQuota(
  core: Core,
  { account, quota }: { account: string; quota: KeptQuota },
): undefined {
  const { at, pending, windows } = quota;
  const text = JSON.stringify({
    recipients: pending.recipients,
    windows: windows.map(({ windowMs, counts, buckets }) => [
      windowMs,
      counts,
      buckets.flatMap(({ endMs, units }) => [endMs, units]),
    ]),
  });
  core.sql.saveQuota.run(account, at.boot, at.monotonicMs, at.wallMs, pending.messages, text);
}

function decodeQuota(messages: number, text: string): Quota | null {
  const kept: unknown = parseJson(text);
  if (Array.isArray(kept)) return decodeFormerQuota(messages, kept);
  const { recipients, windows: list } = (kept ?? {}) as Record<string, unknown>;
  if (!isWhole(recipients) || !Array.isArray(list)) return null;
  const windows = list.flatMap((one: unknown) => {
    const [windowMs, counts, numbers] = Array.isArray(one) ? one : [];
    return isCounts(counts) ? decodeWindow(windowMs, counts, numbers) : [];
  });
  return windows.length === list.length ? { pending: { messages, recipients }, windows } : null;
}

/** From before a window said what it counts: it is taken for both, so that none is forgotten. */
function decodeFormerQuota(pending: number, list: readonly unknown[]): Quota | null {
  const windows = list.flatMap((one) => {
    const [windowMs, numbers] = Array.isArray(one) ? one : [];
    return (['messages', 'recipients'] as const).flatMap((counts) =>
      decodeWindow(windowMs, counts, numbers),
    );
  });
  const complete = windows.length === 2 * list.length;
  return complete ? { pending: { messages: pending, recipients: pending }, windows } : null;
}

function decodeWindow(windowMs: unknown, counts: Counts, numbers: unknown): QuotaWindow[] {
  const whole = Array.isArray(numbers) && numbers.every(isWhole) && numbers.length % 2 === 0;
  return isWhole(windowMs) && whole ? [{ windowMs, counts, buckets: decodeBuckets(numbers) }] : [];
}

function isCounts(value: unknown): value is Counts {
  return value === 'messages' || value === 'recipients';
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function decodeBuckets(numbers: readonly number[]): QuotaBucket[] {
  const buckets: QuotaBucket[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    buckets.push({ endMs: numbers[at] ?? 0, units: numbers[at + 1] ?? 0 });
  }
  return buckets;
}
