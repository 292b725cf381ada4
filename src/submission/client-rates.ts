import type { Rate } from '../lib/rate.ts';
import type { Clock } from '../relay/ports.ts';

export interface ClientRates {
  /** Counts one message of the client; false: it has had its share and nothing was counted. */
  take(client: string, rate: Rate): boolean;
}

/**
 * A window is counted in this many slots: one is forgotten when all of it is older than the window.
 */
const slots = 60;

interface Usage {
  readonly windowMs: number;
  readonly counts: number[];
  /** Number of the slot counted last, since 1970. */
  slot: number;
}

/** Sliding windows in memory, one per client with a rate: bounded by the configuration. */
export function clientRates(clock: Clock): ClientRates {
  const usages = new Map<string, Usage>();
  return {
    take(client, rate) {
      const slotMs = rate.windowMs / slots;
      const slot = Math.floor(clock() / slotMs);
      let usage = usages.get(client);
      // A clock that went back starts a new count, rather than one that never ends.
      if (usage === undefined || usage.windowMs !== rate.windowMs || slot < usage.slot) {
        usage = { windowMs: rate.windowMs, counts: new Array<number>(slots + 1).fill(0), slot };
        usages.set(client, usage);
      }
      advance(usage, slot);
      const total = usage.counts.reduce((sum, count) => sum + count, 0);
      if (total >= rate.count) return false;
      const index = slot % usage.counts.length;
      usage.counts[index] = (usage.counts[index] ?? 0) + 1;
      return true;
    },
  };
}

function advance(usage: Usage, slot: number): void {
  const { counts } = usage;
  const steps = Math.min(slot - usage.slot, counts.length);
  for (let step = 0; step < steps; step++) counts[(slot - step) % counts.length] = 0;
  usage.slot = slot;
}
