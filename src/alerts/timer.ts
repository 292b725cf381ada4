/** Longest wait in one go: the wall clock may be set forward while we sleep. */
const sleepMsMax = 5 * 60_000;

/** One timer for one thing to do; setting it anew replaces the time before. */
export class Timer {
  readonly #clock: () => number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** It may ring before the time has come; null: it does not ring. */
  setAt(atMs: number | null): void {
    clearTimeout(this.#timer);
    if (atMs === null) return;
    const waitMs = Math.min(Math.max(0, atMs - this.#clock()), sleepMsMax);
    this.#timer = setTimeout(this.#ring, waitMs).unref();
  }
}
