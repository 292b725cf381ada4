/** Counts what is under way, so that the end of all of it can be waited for. */
export class UnderWay {
  #count = 0;
  #onNothing: (() => void)[] = [];

  /** A rejection is a bug, and ends the process. */
  track(promise: Promise<void>): void {
    this.#count++;
    void promise.then(this.#ended);
  }

  /** Resolves when nothing is under way. */
  async nothing(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#onNothing.push(resolve));
  }

  readonly #ended = (): void => {
    this.#count--;
    if (this.#count === 0) for (const resolve of this.#onNothing.splice(0)) resolve();
  };
}
