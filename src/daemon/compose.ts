import type { Alerts } from '../alerts/alerts.ts';
import { type Control, openControl } from '../control/server.ts';
import { ControlSocketError } from '../control/socket-file.ts';
import { type Delivery, openDelivery } from '../delivery/delivery.ts';
import type { Receiver } from '../feedback/receiver.ts';
import { Suppressions } from '../feedback/suppressions.ts';
import { EX_CANTCREAT, EX_OSERR } from '../lib/sysexits.ts';
import type { Observe } from '../observe/http.ts';
import { ObserveError } from '../observe/http-listen.ts';
import type { Tracing } from '../observe/otlp.ts';
import { openThroughput } from '../observe/throughput.ts';
import { QueueOpenError } from '../queue/open-error.ts';
import type { EventSink } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import { ListenError } from '../submission/listen.ts';
import { openSubmission, type Submission } from '../submission/submission.ts';
import { systemdSockets } from '../submission/systemd-sockets.ts';
import { openAlertsOf, watchSources } from './alert-sources.ts';
import { controlHandlers } from './control-handlers.ts';
import { openDrain } from './drain.ts';
import { openFlushWatches } from './flush-watches.ts';
import { StartError } from './lifecycle.ts';
import type { LogLevel } from './log-level.ts';
import { openFeedback } from './open-feedback.ts';
import { openObservation } from './open-observation.ts';
import { type OpenStorageOptions, openStorage, type Storage } from './open-storage.ts';
import { openTracingIfAsked } from './open-tracing.ts';
import type { Relay } from './relay.ts';
import { sendSummary } from './summary.ts';
import { warnOfUntaken } from './untaken-sockets.ts';

export interface ComposeOptions extends Omit<OpenStorageOptions, 'queue'> {
  /** The configuration in force; another one after a reload. */
  readonly settings: () => Settings;
  readonly refusedReload: Relay['refusedReload'];
  readonly logLevel: LogLevel;
  readonly logLinesDropped: () => number;
  /** Another one who is told of every event. */
  readonly listen: (sink: EventSink) => void;
}

/** The relay with everything open. */
export interface Parts {
  readonly storage: Storage;
  readonly delivery: Delivery;
  readonly submission: Submission;
  readonly control: Control;
  readonly observe: Observe | null;
  readonly alerts: Alerts;
  readonly tracing: Tracing | null;
  readonly feedback: Receiver | null;
  readonly suppressions: Suppressions;
  /** relayctl is told `stopping` from now on. */
  stopping(): void;
}

/**
 * The only place that knows every adapter. The storage opens first and the listeners open last, so
 * that no client is greeted before its mail could be kept. Rejects with StartError; then nothing
 * stays open.
 */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const opened: (() => Promise<unknown>)[] = [];
  try {
    return await open(options, opened);
  } catch (error) {
    for (const close of opened.toReversed()) await close();
    throw asStartError(error);
  }
}

async function open(options: ComposeOptions, opened: (() => Promise<unknown>)[]): Promise<Parts> {
  const { settings, emit } = options;
  const storage = await openStorage({ ...options, queue: settings().queue });
  opened.push(() => storage.close());
  const { store, spool, newMessageId } = storage;
  const { tracing, alerts } = await openHearers(options, opened);
  const suppressions = new Suppressions({ store, clock: Date.now });
  await suppressions.restore();
  const ours = { settings, store, spool, emit, newMessageId, clock: Date.now };
  const shared = { ...ours, suppressed: suppressions };
  const { dots, owner, vault } = storage;
  const delivery = openDelivery({ ...shared, vault, dots, owner, dice: Math.random });
  opened.push(() => delivery.drain(AbortSignal.abort()));
  await delivery.resume();

  const sockets = systemdSockets(process.env, process.pid);
  const { holds } = delivery;
  const submission = await openSubmission({ ...shared, dispatch: delivery, holds, sockets });
  opened.push(() => submission.close(0));

  let state: 'running' | 'stopping' = 'running';
  const relay: Relay = {
    settings,
    store,
    spool,
    delivery,
    submission,
    suppressions,
    throughput: openThroughput(() => performance.now()),
    flushes: openFlushWatches(),
    alerts,
    logLevel: options.logLevel,
    drain: openDrain({ submission, emit, clock: Date.now }),
    emit,
    startedAtMs: Date.now(),
    state: () => state,
    refusedReload: options.refusedReload,
  };
  const handlers = controlHandlers(relay, Date.now, newMessageId);
  const control = await openControl({ socket: settings().control.socket, handlers, emit });
  opened.push(() => control.close());
  const inherited = (name: string): number | null => sockets.get(name)?.[0] ?? null;
  const observe = await openObservation({ ...options, relay, tracing, handlers, inherited });
  opened.push(async () => observe?.close());
  const feedback = await openFeedback({ ...ours, suppressions, inherited });
  warnOfUntaken(submission, settings(), emit);
  const summaries = { relay, nowMs: Date.now, newMessageId };
  alerts.begin(watchSources(relay), (summary, sinceMs) => sendSummary(summaries, summary, sinceMs));
  return {
    storage,
    delivery,
    submission,
    control,
    observe,
    alerts,
    tracing,
    feedback,
    suppressions,
    stopping: () => {
      state = 'stopping';
    },
  };
}

/** Those who hear of all that happens, and first of the mail of earlier runs. */
async function openHearers(
  { settings, emit, listen }: ComposeOptions,
  opened: (() => Promise<unknown>)[],
): Promise<Pick<Parts, 'tracing' | 'alerts'>> {
  const tracing = await openTracingIfAsked(settings, emit);
  const alerts = openAlertsOf(settings, emit);
  for (const hearer of [tracing, alerts]) {
    if (hearer === null) continue;
    opened.push(() => hearer.close());
    listen(hearer.sink);
  }
  return { tracing, alerts };
}

/**
 * What the machine or its operator is at fault for becomes one line and an exit code; the rest is a
 * bug.
 */
function asStartError(error: unknown): unknown {
  if (error instanceof QueueOpenError) return new StartError(error.message, EX_CANTCREAT);
  const outside =
    error instanceof ListenError ||
    error instanceof ControlSocketError ||
    error instanceof ObserveError;
  return outside ? new StartError(error.message, EX_OSERR) : error;
}
