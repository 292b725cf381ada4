import {
  afterTry,
  emptyBox,
  made,
  nextAtMs,
  noted,
  restored,
  untold,
} from '../policy/alert-box.ts';
import { emptyDigest, totalOf, withEntry } from '../policy/alert-digest.ts';
import { payloadOf } from '../policy/alert-payload.ts';
import type {
  AlertBox,
  AlertDestination,
  AlertEntry,
  AlertOutcome,
  WaitingAlert,
} from '../relay/alert.ts';
import type { EventSink } from '../relay/events.ts';
import type { Clock, Dice } from '../relay/ports.ts';
import { runCommand } from './command.ts';
import { KeptBox } from './kept-box.ts';
import type { StateFile } from './state-file.ts';
import { Timer } from './timer.ts';
import { postWebhook } from './webhook.ts';

export interface DestinationDeps {
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly newId: () => string;
  /** Of the configuration in force. */
  readonly digestMs: () => number;
  readonly relay: () => string;
}

export interface DestinationState {
  /** Events that it has not been told of yet. */
  readonly waiting: number;
  /** When an alert is tried next; null: nothing waits. */
  readonly nextAtMs: number | null;
  readonly lost: number;
  readonly last: AlertBox['last'];
}

/** One webhook or command: what it is told of waits here until it was told, over restarts too. */
export class Destination {
  readonly #deps: DestinationDeps;
  readonly #kept: KeptBox;
  readonly #timer: Timer;
  readonly #cut = new AbortController();
  #settings: AlertDestination;
  #box: AlertBox;
  #trying: Promise<void> | null = null;

  constructor(deps: DestinationDeps, settings: AlertDestination, file: StateFile) {
    this.#deps = deps;
    this.#settings = settings;
    this.#kept = new KeptBox(file, (detail) =>
      deps.emit({ is: 'alert.not-kept', destination: this.#settings.name, detail }),
    );
    this.#timer = new Timer(deps.clock, () => this.#turn());
    this.#box = restored(this.#kept.read() ?? emptyBox, deps.clock());
    this.#turn();
  }

  get settings(): AlertDestination {
    return this.#settings;
  }

  get state(): DestinationState {
    const { lost, last } = this.#box;
    const { digestMs, clock } = this.#deps;
    const atMs = nextAtMs(this.#box, digestMs(), clock());
    return { waiting: untold(this.#box), nextAtMs: atMs, lost, last };
  }

  /** Another place in the file, other events or another secret; the address is the same. */
  follow(settings: AlertDestination): void {
    this.#settings = settings;
    this.#turn();
  }

  note(entry: AlertEntry): void {
    this.#set(noted(this.#box, entry));
    // Closed: what still happens is for the next start to tell.
    if (this.#cut.signal.aborted) this.keepNow();
    else this.#turn();
  }

  /** Tells it of an event that has not happened, beside what waits and not at the same time. */
  async test(entry: AlertEntry): Promise<AlertOutcome> {
    while (this.#trying !== null) await this.#trying;
    const { newId, clock } = this.#deps;
    const digest = withEntry(emptyDigest, entry);
    const telling = this.#tell({ id: newId(), atMs: clock(), ...digest }, 0);
    this.#run(telling.then(() => {}));
    return telling;
  }

  /** The process is about to end. */
  keepNow(): void {
    this.#kept.writeNow(this.#box);
  }

  /** Cuts off a try that runs; what was not told is kept. */
  async close(): Promise<void> {
    this.#timer.setAt(null);
    this.#cut.abort();
    await this.#trying;
    await this.#kept.settled();
  }

  #set(box: AlertBox): void {
    this.#box = box;
    this.#kept.write(box);
  }

  #turn(): void {
    if (this.#trying !== null || this.#cut.signal.aborted) return;
    const { clock, digestMs, newId } = this.#deps;
    const nowMs = clock();
    const atMs = nextAtMs(this.#box, digestMs(), nowMs);
    if (atMs === null || atMs > nowMs) {
      this.#timer.setAt(atMs);
      return;
    }
    const { box, alert } = made(this.#box, newId(), nowMs);
    this.#set(box);
    this.#run(this.#try(alert));
  }

  /** One at a time: a program that runs is not started again. */
  #run(work: Promise<void>): void {
    this.#trying = work.finally(() => {
      this.#trying = null;
      this.#turn();
    });
  }

  async #try(alert: WaitingAlert): Promise<void> {
    const { clock, dice, emit } = this.#deps;
    const beganMs = clock();
    const outcome = await this.#tell(alert, this.#box.lost);
    // Cut off by the end of the relay: it is tried again at the next start.
    if (outcome.is !== 'told' && this.#cut.signal.aborted) return;
    const nowMs = clock();
    this.#set(afterTry(this.#box, outcome, { nowMs, dice: dice() }));
    const { name: destination } = this.#settings;
    const said = { destination, events: totalOf(alert), tries: alert.tries + 1 };
    if (outcome.is === 'told') {
      emit({ is: 'alert.sent', ...said, tookMs: Math.max(0, nowMs - beganMs) });
    } else {
      const again = this.#box.waiting?.nextAtMs ?? null;
      emit({ is: 'alert.failed', ...said, detail: outcome.detail, nextAtMs: again });
    }
  }

  #tell(alert: Parameters<typeof payloadOf>[0], lost: number): Promise<AlertOutcome> {
    const { clock, relay } = this.#deps;
    const body = JSON.stringify(payloadOf(alert, { relay: relay(), lost }));
    const telling = { id: alert.id, body, nowMs: clock(), cut: this.#cut.signal };
    const settings = this.#settings;
    return settings.is === 'webhook'
      ? postWebhook(settings, telling)
      : runCommand(settings, telling);
  }
}
