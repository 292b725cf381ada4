import { openReceiver, type Receiver } from '../feedback/receiver.ts';
import { snsServer } from '../feedback/sns-server.ts';
import type { Suppressions } from '../feedback/suppressions.ts';
import { listenOn } from '../observe/http-listen.ts';
import type { EventSink } from '../relay/events.ts';
import type { QueueStore } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';

export interface OpenFeedbackOptions {
  readonly settings: () => Settings;
  readonly store: QueueStore;
  readonly suppressions: Suppressions;
  readonly emit: EventSink;
  readonly inherited: (name: string) => number | null;
}

/** Null: it is off. Rejects with ObserveError when the address cannot be had. */
export async function openFeedback(options: OpenFeedbackOptions): Promise<Receiver | null> {
  const { settings, inherited } = options;
  const listen = settings().feedback?.listen;
  if (listen === undefined) return null;
  return await openReceiver(listen, {
    ...options,
    clock: Date.now,
    sns: snsServer({ clock: Date.now, fetch }),
    bind: (server, at) => listenOn(server, at, inherited, 'feedback.listen'),
  });
}
