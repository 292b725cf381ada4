import type { EventLoopUtilization } from 'node:perf_hooks';

/** For how long operations are gathered while many come. Milliseconds. */
const gatherMs = 5;
/** A post of so many says that several clients are at work. */
const several = 4;
/** A loop that rests more than this share of its time has room for another post. */
const restMax = 0.4;
/**
 * So many are worth a commit. They go at once, within a turn of the loop, so that the storage has
 * work while the sockets that are left are read.
 */
const enough = 10;

/**
 * When the operations that were asked go to the storage thread. Every post costs both threads a
 * wake-up and the storage a commit, however little is in it. So while the loop is full and many
 * come, they are gathered for a moment: their clients wait for the processor, not for the disk. A
 * client alone never waits for others.
 */
export class Gathering {
  readonly #send: () => number;
  readonly #utilization: () => EventLoopUtilization;
  #last: EventLoopUtilization;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #isFull = false;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;

  /** `send` posts all that waits, and says how many that were. */
  constructor(
    send: () => number,
    utilization: () => EventLoopUtilization = performance.eventLoopUtilization,
  ) {
    this.#send = send;
    this.#utilization = utilization;
    this.#last = utilization();
  }

  /** One more waits, of `waiting` in all. */
  asked(waiting: number): void {
    if (waiting >= enough) {
      this.now();
      return;
    }
    if (this.#immediate !== null) return;
    const nowMs = performance.now();
    const dueAtMs = this.#isFull ? Math.max(nowMs, this.#sentAtMs + gatherMs) : nowMs;
    if (dueAtMs >= this.#dueAtMs) return;
    this.#cancel();
    this.#dueAtMs = dueAtMs;
    // What the sockets of one turn of the loop ask goes together in any case.
    if (dueAtMs - nowMs < 1) this.#immediate = setImmediate(this.now);
    else this.#timer = setTimeout(this.now, dueAtMs - nowMs);
  }

  /** Sends what waits. */
  readonly now = (): void => {
    this.#cancel();
    const sent = this.#send();
    this.#sentAtMs = performance.now();
    const { idle, active } = this.#utilization();
    const restedMs = idle - this.#last.idle;
    const tookMs = restedMs + active - this.#last.active;
    this.#last = { idle, active, utilization: 0 };
    this.#isFull = sent >= several && restedMs <= restMax * tookMs;
  };

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
  }
}
