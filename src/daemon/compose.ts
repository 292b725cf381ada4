import { type Control, openControl } from '../control/server.ts';
import { ControlSocketError } from '../control/socket-file.ts';
import { type Delivery, openDelivery } from '../delivery/delivery.ts';
import { EX_CANTCREAT, EX_OSERR } from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import { type Observe, openObserve } from '../observe/http.ts';
import { ObserveError } from '../observe/http-listen.ts';
import { openMetrics } from '../observe/metrics.ts';
import { openThroughput } from '../observe/throughput.ts';
import { QueueOpenError } from '../queue/open-error.ts';
import type { EventSink } from '../relay/events.ts';
import type { Settings } from '../relay/settings.ts';
import { ListenError } from '../submission/listen.ts';
import { openSubmission, type Submission } from '../submission/submission.ts';
import { systemdSockets } from '../submission/systemd-sockets.ts';
import { controlHandlers } from './control-handlers.ts';
import { openDrain } from './drain.ts';
import { openFlushWatches } from './flush-watches.ts';
import { knownNames } from './known-names.ts';
import { StartError } from './lifecycle.ts';
import type { LogLevel } from './log-level.ts';
import { metricSources } from './metric-sources.ts';
import { type OpenStorageOptions, openStorage, type Storage } from './open-storage.ts';
import type { Relay } from './relay.ts';

export interface ComposeOptions extends Omit<OpenStorageOptions, 'queue'> {
  /** The configuration in force; another one after a reload. */
  readonly settings: () => Settings;
  readonly refusedReload: Relay['refusedReload'];
  readonly logLevel: LogLevel;
  readonly logLinesDropped: () => number;
  /** Events go to the metrics, too, from here on. */
  readonly alsoTo: (sink: EventSink) => void;
}

/** The relay with everything open. */
export interface Parts {
  readonly storage: Storage;
  readonly delivery: Delivery;
  readonly submission: Submission;
  readonly control: Control;
  readonly observe: Observe | null;
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
  const shared = { settings, store, spool, emit, newMessageId, clock: Date.now };
  const { dots, owner, vault } = storage;
  const delivery = openDelivery({ ...shared, vault, dots, owner, dice: Math.random });
  opened.push(() => delivery.drain(AbortSignal.abort()));
  await delivery.resume();

  const sockets = systemdSockets(process.env, process.pid);
  const submission = await openSubmission({
    ...shared,
    dispatch: delivery,
    holds: delivery.holds,
    sockets,
  });
  opened.push(() => submission.close(0));

  let state: 'running' | 'stopping' = 'running';
  const relay: Relay = {
    settings,
    store,
    spool,
    delivery,
    submission,
    throughput: openThroughput(() => performance.now()),
    flushes: openFlushWatches(),
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
  const observe = await openObservation(options, relay, (name) => sockets.get(name)?.[0] ?? null);
  return {
    storage,
    delivery,
    submission,
    control,
    observe,
    stopping: () => {
      state = 'stopping';
    },
  };
}

async function openObservation(
  options: ComposeOptions,
  relay: Relay,
  inherited: (name: string) => number | null,
): Promise<Observe | null> {
  const { store, state, throughput, flushes } = relay;
  const { listen, token } = options.settings().observe;
  const metrics = openMetrics({
    version: packageVersion(),
    known: knownNames(options.settings),
    sources: metricSources(relay, options.logLinesDropped),
    nowMs: Date.now,
  });
  options.alsoTo((event) => {
    metrics.sink(event);
    throughput.sink(event);
    flushes.sink(event);
  });
  if (listen === null) return null;
  return openObserve({
    listen,
    token,
    hostname: options.settings().hostname,
    metrics,
    // The listeners are open once this is asked, so the storage's answer is what is left.
    notReady: async () => {
      await store.stats();
      if (state() === 'stopping') return ['stopping'];
      return relay.drain.current === null ? [] : ['draining'];
    },
    inherited,
  });
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
