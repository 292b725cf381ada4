import type { Engine } from '../queue/engine.ts';

/** Messages that one stretch takes into the index of the history: some milliseconds. */
const stretch = 25;
const restMs = 1_000;
const betweenMs = 20;
/** Operations in one rest that mean that the thread has better to do. */
const busyOperations = 200;
/** Above this the index grows also under load: a search has to work off what it does not know. */
const unindexedMax = 100_000;

/**
 * Has the history indexed while nobody waits for the thread. No timer runs when there is nothing
 * to index.
 */
export class IndexAtLeisure {
  readonly #engine: Pick<Engine, 'outside' | 'unindexed'>;
  #timer: NodeJS.Timeout | null = null;
  #operations = 0;

  constructor(engine: Pick<Engine, 'outside' | 'unindexed'>) {
    this.#engine = engine;
  }

  /** Call after every batch. */
  worked(operations: number): void {
    this.#operations += operations;
    if (this.#timer === null && this.#engine.unindexed() > 0) this.#after(restMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => this.#turn(), ms);
    this.#timer.unref();
  }

  #turn(): void {
    this.#timer = null;
    const busy = this.#operations > busyOperations;
    this.#operations = 0;
    if (busy && this.#engine.unindexed() < unindexedMax) {
      this.#after(restMs);
      return;
    }
    const result = this.#engine.outside(['history.index', { limit: stretch }]);
    // A disk that is full now may have room later.
    if (!result.ok) this.#after(60 * restMs);
    else if (this.#engine.unindexed() > 0) this.#after(betweenMs);
  }
}
