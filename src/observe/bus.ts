import type { EventSink } from '../relay/events.ts';

/**
 * One sink that hands every event to several, in order. A sink that throws is a bug: `onBug` hears
 * of it once and that sink gets nothing more, so that the news of its death can still reach the
 * others.
 */
export function fanOut(sinks: readonly EventSink[], onBug: (error: unknown) => void): EventSink {
  const live = [...sinks];
  return (event) => {
    for (const sink of [...live]) {
      try {
        sink(event);
      } catch (error) {
        live.splice(live.indexOf(sink), 1);
        onBug(error);
      }
    }
  };
}
