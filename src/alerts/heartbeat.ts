import type { AlertSettings } from '../relay/alert.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock } from '../relay/ports.ts';
import { send } from './request.ts';

export interface HeartbeatDeps {
  readonly settings: () => AlertSettings;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Why no sign of life is due; null: all is well. */
  readonly stalled: () => string | null;
}

const timeoutMs = 10_000;
/** A daemon that dies and starts again all the time is not alive: it gives no sign before this. */
const settledMs = 60_000;
/** Longest time that one timer can wait. */
const timerMsMax = 2 ** 31 - 1;

/** A sign of life for somebody who notices its absence. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #cut = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #everyMs: number | null = null;
  #withheld = false;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
  }

  /** At start and after a reload. */
  follow(): void {
    const asked = this.#deps.settings().heartbeat?.everyMs ?? null;
    const everyMs = asked === null ? null : Math.min(asked, timerMsMax);
    if (everyMs === this.#everyMs) return;
    this.#everyMs = everyMs;
    clearTimeout(this.#timer);
    const next = (waitMs: number, thenMs: number): void => {
      this.#timer = setTimeout(() => {
        void this.#beat();
        next(thenMs, thenMs);
      }, waitMs).unref();
    };
    if (everyMs !== null) next(Math.min(everyMs, settledMs), everyMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#cut.abort();
  }

  async #beat(): Promise<void> {
    const { settings, emit, clock, stalled } = this.#deps;
    const url = settings().heartbeat?.url;
    if (url === undefined) return;
    const detail = stalled();
    if (detail !== null) {
      if (!this.#withheld) emit({ is: 'heartbeat.withheld', detail });
      this.#withheld = true;
      return;
    }
    this.#withheld = false;
    const beganMs = clock();
    const ask = { url, method: 'GET', headers: {}, body: null, timeoutMs } as const;
    const answer = await send({ ...ask, cut: this.#cut.signal });
    if (this.#cut.signal.aborted) return;
    if (answer.is === 'answer' && answer.status >= 200 && answer.status < 300) {
      emit({ is: 'heartbeat.sent', tookMs: Math.max(0, clock() - beganMs) });
    } else {
      emit({ is: 'heartbeat.failed', detail: answer.detail });
    }
  }
}
