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
import { openFlushWatches } from './flush-watches.ts';
import { knownNames } from './known-names.ts';
import { StartError } from './lifecycle.ts';
import type { LogLevel } from './log-level.ts';
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
    emit,
    startedAtMs: Date.now(),
    state: () => state,
    refusedReload: options.refusedReload,
  };
  const handlers = controlHandlers(relay, Date.now, newMessageId);
  const control = await openControl({ socket: settings().control.socket, handlers, emit });
  opened.push(() => control.close());
  const observe = await openObservation(options, relay, (name) => sockets.get(name)?.[0] ?? null);
  warnOfUntaken(submission, settings(), emit);
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

/** Clients get through to such a socket and are never answered. */
function warnOfUntaken(submission: Submission, settings: Settings, emit: EventSink): void {
  const { file, observe } = settings;
  const observed = observe.listen?.is === 'systemd' ? observe.listen.name : null;
  for (const { name, text } of submission.untakenSockets()) {
    if (name === observed) continue;
    const problem =
      `systemd opened ${text} for relayd, but no listener has that address: who connects waits in vain; ` +
      'give relayd.socket the addresses of the listeners, or mask it';
    emit({ is: 'config.warning', file, problem });
  }
}

async function openObservation(
  options: ComposeOptions,
  { store, delivery, state, throughput, flushes }: Relay,
  inherited: (name: string) => number | null,
): Promise<Observe | null> {
  const { listen, token } = options.settings().observe;
  const metrics = openMetrics({
    version: packageVersion(),
    known: knownNames(options.settings),
    sources: {
      counts: () => store.counts(),
      accountStates: async () => delivery.states(),
      storeStats: () => store.stats(),
      connections: () => delivery.connections(),
      certificatesEndMs: () => certificatesEndMs(options.settings(), delivery),
      credentials: () => byAccount(options.settings(), (name) => delivery.credentials(name)),
      quotas: () => delivery.quotas(),
      heldSenders: () =>
        byAccount(options.settings(), (name) => delivery.senders.list(name).length),
      slowed: () => delivery.slowed(),
      steering: () => ({
        paused: delivery.pauses.current !== null,
        holdRules: delivery.holds.current.length,
      }),
      logLinesDropped: options.logLinesDropped,
    },
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
    notReady: () => store.stats().then(() => (state() === 'stopping' ? ['stopping'] : [])),
    inherited,
  });
}

function byAccount<T>({ accounts }: Settings, look: (name: string) => T): Map<string, T> {
  return new Map([...accounts.keys()].map((name) => [name, look(name)]));
}

function certificatesEndMs({ accounts }: Settings, delivery: Delivery): Map<string, number> {
  const ends = new Map<string, number>();
  for (const name of accounts.keys()) {
    const certificate = delivery.certificate(name);
    if (certificate !== null) ends.set(name, certificate.validToMs);
  }
  return ends;
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
