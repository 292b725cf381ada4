/**
 * Durations as written in relay.yaml (`30s 5m 4h 5d`) and in people's output. Milliseconds inside.
 */
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Parses `90s`, `5m`, `1h30m`, `250ms`. Returns milliseconds, or null when it is not a duration.
 */
export function parseDuration(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhd]))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhd])/g)) {
    totalMs += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return Number.isSafeInteger(totalMs) ? totalMs : null;
}

/** Shortest exact notation that `parseDuration` reads back: 5400000 -> `1h30m`, 0 -> `0s`. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.max(0, Math.round(durationMs));
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(restMs / UNIT_MS[unit]);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * UNIT_MS[unit];
  }
  return text === '' ? '0s' : text;
}

/** For people: the two largest units at most (`3d4h`, `12m`, `8s`). */
export function formatAge(durationMs: number): string {
  const parts = formatDuration(Math.floor(Math.max(0, durationMs) / 1000) * 1000).match(
    /\d+[a-z]+/g,
  );
  return (parts ?? ['0s']).slice(0, 2).join('');
}
