import {
  afterAcceptance,
  afterRefusal,
  afterStart,
  type Pace,
  startsFrom,
} from '../policy/pace.ts';
import { AcceptedMeter } from './accepted-meter.ts';

/** The pace of every account: one for all its connections. Times are on a clock that only grows. */
export class Paces {
  readonly #monotonic: () => number;
  readonly #known = new Map<string, Known>();

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Milliseconds until a transaction may start. */
  waitMs(name: string): number {
    const pace = this.#known.get(name)?.pace ?? null;
    if (pace === null) return 0;
    const nowMs = this.#monotonic();
    return startsFrom(pace, nowMs) - nowMs;
  }

  started(name: string, units: number): void {
    const of = this.#of(name);
    const nowMs = this.#monotonic();
    of.meter.busy(nowMs);
    if (of.pace !== null) of.pace = afterStart(of.pace, units, nowMs);
  }

  accepted(name: string, units: number): void {
    const of = this.#of(name);
    of.meter.add(units, this.#monotonic());
    if (of.pace !== null) of.pace = afterAcceptance(of.pace);
  }

  /** Nothing waits for the account any more, and nothing runs. */
  idle(name: string): void {
    this.#known.get(name)?.meter.idle();
  }

  /** The upstream said "too fast". False: it is as slow as it gets already. */
  refused(name: string, begunAtMs: number): boolean {
    const of = this.#of(name);
    const nowMs = this.#monotonic();
    const acceptedPerSecond = of.meter.perSecond(nowMs);
    const next = afterRefusal(of.pace, { nowMs, begunAtMs, acceptedPerSecond });
    if (next !== null) of.pace = next;
    return next !== null;
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  /** Units per second; null: it is not held back. */
  perSecond(name: string): number | null {
    return this.#known.get(name)?.pace?.perSecond ?? null;
  }

  #of(name: string): Known {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const made: Known = { pace: null, meter: new AcceptedMeter() };
    this.#known.set(name, made);
    return made;
  }
}

interface Known {
  /** Null: it is not held back. */
  pace: Pace | null;
  readonly meter: AcceptedMeter;
}
