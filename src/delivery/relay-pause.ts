import type { EventSink, RelayEvent } from '../relay/events.ts';
import { type Clock, type QueueStore, StoreError } from '../relay/ports.ts';
import type { RelayPause } from '../relay/steering.ts';
import { Alarm } from './alarm.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface RelayPausesDeps {
  readonly store: Pick<QueueStore, 'savePause'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Nothing more may begin: what waits in memory goes back into the queue. */
  readonly onPaused: () => void;
  /** What waits may go. */
  readonly onResumed: () => void;
}

type By = (RelayEvent & { is: 'relay.resumed' })['by'];

/** All delivery stopped by an operator, over restarts. Attempts that run go on to their end. */
export class RelayPauses {
  readonly #deps: RelayPausesDeps;
  readonly #alarm: Alarm;
  #current: RelayPause | null = null;

  constructor(deps: RelayPausesDeps) {
    this.#deps = deps;
    this.#alarm = new Alarm(deps.clock, () => this.#ring());
  }

  get current(): RelayPause | null {
    return this.#current;
  }

  /** At start, before the first attempt. */
  restore(pause: RelayPause | null): void {
    if (pause !== null) this.#begin(pause);
  }

  /** Takes the place of one that is in force. Rejects with StoreError, then nothing has changed. */
  async pause(reason: string, untilMs: number | null): Promise<RelayPause> {
    const pause = { reason, sinceMs: this.#deps.clock(), untilMs };
    await this.#deps.store.savePause(pause);
    this.#begin(pause);
    this.#deps.onPaused();
    return pause;
  }

  /** What was in force; null: nothing. Rejects with StoreError, then it still is. */
  async resume(): Promise<RelayPause | null> {
    const before = this.#current;
    if (before === null) return null;
    await this.#deps.store.savePause(null);
    this.#resumed('operator');
    return before;
  }

  stop(): void {
    this.#alarm.clear();
  }

  #begin(pause: RelayPause): void {
    const { reason, untilMs } = pause;
    this.#current = pause;
    this.#alarm.clear();
    if (untilMs !== null) this.#alarm.setAt(untilMs);
    this.#deps.emit({ is: 'relay.paused', detail: reason, untilMs });
  }

  #ring(): void {
    const untilMs = this.#current?.untilMs ?? null;
    if (untilMs === null) return;
    if (this.#deps.clock() < untilMs) this.#alarm.setAt(untilMs);
    else void this.#endInTime();
  }

  /** It is over whether or not that can be kept: a restart finds a pause whose time has come. */
  async #endInTime(): Promise<void> {
    try {
      await this.#deps.store.savePause(null);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.fault === 'closed') return;
      tellStoreFailure(this.#deps.emit, error, 'pause');
    }
    this.#resumed('time');
  }

  #resumed(by: By): void {
    this.#alarm.clear();
    this.#current = null;
    this.#deps.emit({ is: 'relay.resumed', by });
    this.#deps.onResumed();
  }
}
