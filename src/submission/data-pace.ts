export interface DataPaceOptions {
  readonly bytesPerSecond: number;
  readonly windowMs: number;
  /** The longest wait for any byte. */
  readonly stallMs: number;
  readonly onSlow: () => void;
}

/**
 * Watches that a message keeps coming: some byte within `stallMs`, a minimum rate over each window.
 */
export class DataPace {
  readonly #options: DataPaceOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #tickMs: number;
  #bytes = 0;
  #bytesAtTick = 0;
  #bytesInWindow = 0;
  #windowMs = 0;
  /** It is we who do not read: the client is not to blame. */
  #excused = false;

  constructor(options: DataPaceOptions) {
    this.#options = options;
    this.#tickMs = Math.min(options.stallMs, options.windowMs);
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#timer.unref();
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  excuse(): void {
    this.#excused = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { bytesPerSecond, windowMs, onSlow } = this.#options;
    const bytes = this.#bytes - this.#bytesAtTick;
    this.#bytesAtTick = this.#bytes;
    if (this.#excused) {
      this.#excused = false;
      this.#windowMs = 0;
      this.#bytesInWindow = 0;
      return;
    }
    this.#windowMs += this.#tickMs;
    this.#bytesInWindow += bytes;
    let slow = bytes === 0;
    if (this.#windowMs >= windowMs) {
      slow ||= this.#bytesInWindow < (bytesPerSecond * this.#windowMs) / 1000;
      this.#windowMs = 0;
      this.#bytesInWindow = 0;
    }
    if (!slow) return;
    this.stop();
    onSlow();
  }
}
