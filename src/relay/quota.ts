import type { Counts } from './quota-rate.ts';

/**
 * What one account has sent, as far as its limits ask. Instants are on a clock that only grows, in
 * whole milliseconds.
 */
export interface Quota {
  /** Reserved for transactions that run: the provider may count them at any moment. */
  readonly pending: Readonly<Record<Counts, number>>;
  readonly windows: readonly QuotaWindow[];
}

export interface QuotaWindow {
  readonly windowMs: number;
  readonly counts: Counts;
  /** Oldest first, ends strictly growing. */
  readonly buckets: readonly QuotaBucket[];
}

/** Units that were counted before `endMs`. */
export interface QuotaBucket {
  readonly endMs: number;
  readonly units: number;
}

/** An instant as both clocks show it. */
export interface QuotaInstant {
  /** The boot of the machine since which `monotonicMs` grows. */
  readonly boot: string;
  readonly monotonicMs: number;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/** Now on the clock of the quota, and how far the wall clock is ahead of it. */
export interface QuotaNow {
  readonly nowMs: number;
  readonly wallAheadMs: number;
}

/** A quota as it is written down, and when. */
export interface KeptQuota extends Quota {
  readonly at: QuotaInstant;
}
