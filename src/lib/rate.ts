/** Rates as written in relay.yaml: `20/m`, `500/d`, `14/s`, `600/h`. */
const WINDOW_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export interface Rate {
  /** How many in one window. */
  readonly count: number;
  readonly windowMs: number;
}

/** Returns null when the text is not a rate. */
export function parseRate(text: string): Rate | null {
  const match = /^(\d+)\/([smhd])$/.exec(text);
  if (match === null || Number(match[1]) === 0) return null;
  return { count: Number(match[1]), windowMs: WINDOW_MS[match[2] as keyof typeof WINDOW_MS] };
}

export function formatRate({ count, windowMs }: Rate): string {
  return `${count}/${formatWindow(windowMs)}`;
}

/** `s`, `m`, `h` or `d`. */
export function formatWindow(windowMs: number): string {
  const unit = Object.entries(WINDOW_MS).find(([, knownMs]) => knownMs === windowMs)?.[0];
  return unit ?? `${windowMs}ms`;
}
