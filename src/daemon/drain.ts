import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { RelayDrain } from '../relay/steering.ts';
import type { Submission } from '../submission/submission.ts';

/** No mail is taken for maintenance, and what is here goes out. */
export interface Drain {
  /** Null: mail is taken. */
  readonly current: RelayDrain | null;
  /** Takes the place of one in force. `forMs` null: until it ends or the relay stops. */
  begin(reason: string, forMs: number | null): RelayDrain;
  /** What was in force; null: nothing was. */
  end(): RelayDrain | null;
}

/** A restart ends it: whoever comes back up after a maintenance is to take mail. */
export function openDrain(options: {
  readonly submission: Pick<Submission, 'drain' | 'undrain'>;
  readonly emit: EventSink;
  readonly clock: () => number;
}): Drain {
  const { submission, emit, clock } = options;
  let current: RelayDrain | null = null;
  let timer: NodeJS.Timeout | undefined;

  const end = (by: (RelayEvent & { is: 'relay.undrained' })['by']): RelayDrain | null => {
    const was = current;
    clearTimeout(timer);
    current = null;
    if (was === null) return null;
    submission.undrain();
    emit({ is: 'relay.undrained', by });
    return was;
  };
  return {
    get current() {
      return current;
    },
    begin(reason, forMs) {
      clearTimeout(timer);
      const sinceMs = clock();
      const untilMs = forMs === null ? null : sinceMs + forMs;
      current = { reason, sinceMs, untilMs };
      submission.drain();
      emit({ is: 'relay.draining', detail: reason, untilMs });
      if (forMs !== null) timer = setTimeout(() => end('time'), forMs).unref();
      return current;
    },
    end: () => end('operator'),
  };
}
