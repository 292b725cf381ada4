import { createHistogram } from 'node:perf_hooks';

/** How long after an event the loop is looked at, and at most how often. */
const sampleMs = 50;

export interface LagMeter {
  /** Something happened: look how late a timer fires, unless one is already under way. */
  touch(): void;
  /** Seconds since the last reading; all zero when nothing happened. */
  read(): {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
}

/**
 * Event-loop lag without a clock that ticks for ever: perf_hooks' own monitor wakes the process 20
 * to 100 times a second even when nothing happens. Here only a working relay is measured; an idle
 * one sleeps.
 */
export function openLagMeter(): LagMeter {
  const histogram = createHistogram();
  let armed = false;
  const fired = (dueMs: number): void => {
    armed = false;
    // The histogram takes whole nanoseconds from 1.
    histogram.record(Math.max(1, Math.round((performance.now() - dueMs) * 1e6)));
  };
  return {
    touch: () => {
      if (armed) return;
      armed = true;
      setTimeout(fired, sampleMs, performance.now() + sampleMs).unref();
    },
    read: () => {
      const empty = histogram.count === 0;
      const seconds = (nanoseconds: number): number => (empty ? 0 : nanoseconds / 1e9);
      const reading = {
        mean: seconds(histogram.mean),
        p50: seconds(histogram.percentile(50)),
        p99: seconds(histogram.percentile(99)),
        max: seconds(histogram.max),
      };
      histogram.reset();
      return reading;
    },
  };
}
