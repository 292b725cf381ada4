import type { Clock } from '../relay/ports.ts';

/** Wrong passwords per client name and address, over all sessions. */
export interface LoginLimit {
  /** The limit is reached: no password is looked at until the window is over. */
  reached(name: string, address: string): boolean;
  failed(name: string, address: string): void;
  /** Whether this name failed lately from this address. */
  suspicious(name: string, address: string): boolean;
}

interface Window {
  count: number;
  readonly startedAtMs: number;
}

/** Guessed names cost no more memory than this many entries; the oldest go first. */
const entriesMax = 10_000;

export function loginLimit(
  limit: () => { readonly count: number; readonly windowMs: number },
  clock: Clock,
): LoginLimit {
  const windows = new Map<string, Window>();
  const current = (name: string, address: string): Window | undefined => {
    const key = keyOf(name, address);
    const window = windows.get(key);
    if (window === undefined) return undefined;
    const ageMs = clock() - window.startedAtMs;
    if (ageMs >= 0 && ageMs < limit().windowMs) return window;
    windows.delete(key);
    return undefined;
  };
  return {
    reached: (name, address) => (current(name, address)?.count ?? 0) >= limit().count,
    suspicious: (name, address) => current(name, address) !== undefined,
    failed(name, address) {
      const window = current(name, address);
      if (window !== undefined) {
        window.count += 1;
        return;
      }
      const oldest = windows.size >= entriesMax ? windows.keys().next().value : undefined;
      if (oldest !== undefined) windows.delete(oldest);
      windows.set(keyOf(name, address), { count: 1, startedAtMs: clock() });
    },
  };
}

/** A name of any length must not cost memory in proportion. */
function keyOf(name: string, address: string): string {
  return `${address} ${name.slice(0, 256)}`;
}
