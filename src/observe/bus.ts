import type { EventSink } from '../relay/events.ts';

/** Hands every event to all who listen, in the order they came. */
export interface Bus {
  readonly emit: EventSink;
  listen(sink: EventSink): void;
}

/**
 * A sink that throws is a bug: `onBug` hears of it once and that sink gets nothing more, so that the
 * news of its death can still reach the others.
 */
export function openBus(onBug: (error: unknown) => void): Bus {
  let sinks: readonly EventSink[] = [];
  return {
    emit(event) {
      for (const sink of sinks) {
        try {
          sink(event);
        } catch (error) {
          sinks = sinks.filter((one) => one !== sink);
          onBug(error);
        }
      }
    },
    listen(sink) {
      sinks = [...sinks, sink];
    },
  };
}
