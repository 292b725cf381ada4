import type { Clock } from '../relay/ports.ts';

/** Longest wait in one go: the wall clock may be set forward while we sleep. */
const sleepMsMax = 5 * 60_000;

/**
 * The one timer of delivery: rings at the earliest time asked for, and then forgets all of them.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | null = null;
  #atMs = 0;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Null: it will not ring. */
  get setToMs(): number | null {
    return this.#timer === null ? null : this.#atMs;
  }

  setAt(atMs: number): void {
    if (this.#timer !== null) {
      if (this.#atMs <= atMs) return;
      clearTimeout(this.#timer);
    }
    this.#atMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - this.#clock()), sleepMsMax);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#ring();
    }, waitMs);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
