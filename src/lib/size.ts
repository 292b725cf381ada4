/** Sizes as written in relay.yaml (`64KiB`, `25MiB`, `1GiB`, `512B`). Bytes inside. */
const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Parses `25MiB`. Returns bytes, or null when it is not a size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s?(B|KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Largest unit that keeps one decimal at most: 26214400 -> `25MiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes >= UNIT_BYTES[unit]) return `${Number((bytes / UNIT_BYTES[unit]).toFixed(1))}${unit}`;
  }
  return `${bytes}B`;
}
