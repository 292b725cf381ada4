const bucketMs = 100;
const bucketCount = 600;
/** What is measured when there was work without a break for so long. Milliseconds. */
const shortMs = 10_000;
const longMs = 60_000;
const leastMs = 1_000;

/**
 * How much an upstream has taken over the last minute, while there was work for it. Times when
 * nothing waited would make it look slower than it is.
 */
export class AcceptedMeter {
  readonly #units = new Float64Array(bucketCount);
  /** Number of the newest bucket, counted since the clock began. */
  #newest = 0;
  #busySinceMs: number | null = null;

  /** Work goes out. */
  busy(nowMs: number): void {
    this.#busySinceMs ??= nowMs;
  }

  /** Nothing waits and nothing runs. */
  idle(): void {
    this.#busySinceMs = null;
  }

  add(units: number, nowMs: number): void {
    const at = this.#advance(nowMs) % bucketCount;
    this.#units[at] = (this.#units[at] ?? 0) + units;
  }

  /** Units per second: the least that ten seconds and a minute say, as far as they were busy. */
  perSecond(nowMs: number): number {
    const busyMs = nowMs - (this.#busySinceMs ?? nowMs);
    const short = this.#over(Math.min(shortMs, Math.max(leastMs, busyMs)), nowMs);
    return busyMs < longMs ? short : Math.min(short, this.#over(longMs, nowMs));
  }

  #over(windowMs: number, nowMs: number): number {
    const newest = this.#advance(nowMs);
    let units = 0;
    for (let back = 0; back < windowMs / bucketMs; back++) {
      units += this.#units[(newest - back + bucketCount) % bucketCount] ?? 0;
    }
    return (units * 1_000) / windowMs;
  }

  /** Empties the buckets that time has passed over. */
  #advance(nowMs: number): number {
    const newest = Math.max(this.#newest, Math.floor(nowMs / bucketMs));
    const from = Math.max(this.#newest + 1, newest - bucketCount + 1);
    for (let at = from; at <= newest; at++) this.#units[at % bucketCount] = 0;
    this.#newest = newest;
    return newest;
  }
}
