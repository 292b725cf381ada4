import { summaryPlan } from '../policy/summary-time.ts';
import type { SummarySettings } from '../relay/alert.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock } from '../relay/ports.ts';
import type { StateFile } from './state-file.ts';
import { Timer } from './timer.ts';

export interface SummaryClockDeps {
  readonly settings: () => SummarySettings | null;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly file: StateFile;
  /** Puts the summary into the queue; resolves with why not, null: it is there. */
  readonly send: (summary: SummarySettings, sinceMs: number) => Promise<string | null>;
}

/** What was sent last, as it is kept. */
interface Sent {
  readonly day: string;
  readonly atMs: number;
}

const dayMs = 86_400_000;
/** A queue that takes nothing now may take it later in the day. */
const againMs = 15 * 60_000;

/** Sends the summary once a day, also over restarts. */
export class SummaryClock {
  readonly #deps: SummaryClockDeps;
  readonly #timer: Timer;
  #sent: Sent | null = null;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: SummaryClockDeps) {
    this.#deps = deps;
    this.#timer = new Timer(deps.clock, () => this.follow());
    try {
      const kept = deps.file.read() as Partial<Sent> | null;
      const { day, atMs } = kept ?? {};
      if (typeof day === 'string' && typeof atMs === 'number') this.#sent = { day, atMs };
    } catch (error) {
      deps.emit({ is: 'summary.failed', detail: String(error) });
    }
  }

  /** At start, after a reload, and when the time has come. */
  follow(): void {
    this.#sending = this.#sending.then(() => this.#look());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer.setAt(null);
    await this.#sending;
  }

  async #look(): Promise<void> {
    const { settings, clock, file, send, emit } = this.#deps;
    const summary = settings();
    if (summary === null || this.#closed) return;
    const nowMs = clock();
    const { due, day, nextAtMs } = summaryPlan(summary, this.#sent?.day ?? null, nowMs);
    this.#timer.setAt(nextAtMs);
    if (!due) return;
    const failed = await send(summary, this.#sent?.atMs ?? nowMs - dayMs);
    if (failed !== null) {
      emit({ is: 'summary.failed', detail: failed });
      if (!this.#closed) this.#timer.setAt(nowMs + againMs);
      return;
    }
    this.#sent = { day, atMs: nowMs };
    try {
      await file.write(this.#sent);
    } catch (error) {
      emit({ is: 'summary.failed', detail: `a restart may send it again: ${String(error)}` });
    }
  }
}
