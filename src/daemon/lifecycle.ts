import { assert } from '../lib/assert.ts';
import { EX_OK, EX_SOFTWARE, EX_TEMPFAIL } from '../lib/sysexits.ts';
import type { EventSink } from '../relay/events.ts';
import { describeError } from './describe-error.ts';
import type { Notifier } from './notify.ts';
import { oneAtATime } from './one-at-a-time.ts';

/** What the lifecycle needs of `process`; a test gives another. */
export interface ProcessLike {
  on(name: string, listener: (argument: unknown) => void): unknown;
  off(name: string, listener: (argument: unknown) => void): unknown;
  exit(code: number): void;
}

/** The daemon as the lifecycle drives it; daemon/compose makes it. */
export interface Daemon {
  /**
   * Opens everything; resolves when mail is taken. Rejects with StartError, anything else is a bug.
   */
  start(): Promise<void>;
  /** Reads the configuration anew and swaps it in when it is valid. */
  reload(): Promise<ReloadResult>;
  /**
   * Takes no more mail, waits for running attempts until `cut` says enough, closes everything.
   * Resolves with the number of attempts that were cut off; they stay in the queue.
   */
  drain(cut: AbortSignal): Promise<number>;
}

export type ReloadResult =
  | { readonly is: 'reloaded'; readonly file: string; readonly changes: readonly string[] }
  | { readonly is: 'refused'; readonly file: string; readonly problems: readonly string[] };

/** The daemon cannot start for a reason outside it: port in use, queue not writable. */
export class StartError extends Error {
  override name = 'StartError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface LifecycleParts {
  readonly process: ProcessLike;
  readonly emit: EventSink;
  readonly notifier: Notifier;
  /** Writes pending log lines, blocking. */
  readonly flushLog: () => void;
  /** SIGUSR1: the log's file was renamed. */
  readonly reopenLog: () => void;
  /** Milliseconds that only grow. */
  readonly elapsedMs: () => number;
  readonly about: { readonly version: string; readonly node: string; readonly config: string };
  /**
   * For running attempts, then for closing what is open: SIGTERM to exit takes at most their sum.
   */
  readonly limits?: { readonly drainMs: number; readonly closeMs: number };
}

export const stopLimits = { drainMs: 8_000, closeMs: 2_000 } as const;

export interface Lifecycle {
  /** From start to exit code. */
  run(daemon: Daemon): Promise<number>;
  /** Reload as SIGHUP does it; callers that come while one runs share the one after it. */
  reload(): Promise<ReloadResult>;
  /** A part died or an invariant broke: one line, then the process exits. The queue is durable. */
  fail(what: string, error: unknown, exitCode?: number): void;
}

/**
 * starting -> running -> stopping. SIGTERM and SIGINT ask for the stop, a second one cuts it short;
 * SIGHUP reloads while running (one that comes during the start is kept until then). Whatever
 * nobody caught ends it.
 */
export function openLifecycle(parts: LifecycleParts): Lifecycle {
  const { process: host, emit } = parts;
  const stopAsked = Promise.withResolvers<string>();
  const cut = new AbortController();
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  let reloadAsked = false;
  let reloading: Promise<unknown> = Promise.resolve();
  let failed = false;
  let daemon: Daemon | null = null;

  const fail = (what: string, error: unknown, exitCode: number = EX_SOFTWARE): void => {
    if (!failed) {
      failed = true;
      emit({ is: 'daemon.failed', what, detail: describeError(error) });
      parts.flushLog();
    }
    host.exit(exitCode);
  };
  const reload = oneAtATime(() => {
    assert(daemon !== null, 'reload before run');
    return reloadDaemon(parts, daemon);
  });

  let stopSignals = 0;
  const onStop = (signal: unknown): void => {
    stopAsked.resolve(String(signal));
    if (++stopSignals === 1) return;
    cut.abort();
    // Nothing was accepted yet, so there is nothing to drain.
    if (state === 'starting') host.exit(EX_TEMPFAIL);
  };
  const onReload = (): void => {
    if (state === 'starting') reloadAsked = true;
    else if (state === 'running') reloading = reload();
  };
  const run = async (running: Daemon): Promise<number> => {
    daemon = running;
    const { reopenLog } = parts;
    const silence = listen(host, { onStop, onReload, reopenLog, fail });
    let exitCode = await startDaemon(parts, running);
    if (exitCode === EX_OK) {
      state = 'running';
      if (reloadAsked) onReload();
      const signal = await stopAsked.promise;
      state = 'stopping';
      const settled = reloading;
      exitCode = await stopDaemon(parts, running, { signal, cut, settled });
    }
    await parts.notifier.close();
    parts.flushLog();
    silence();
    return exitCode;
  };
  return { run, reload, fail };
}

function listen(
  host: ProcessLike,
  on: {
    readonly onStop: (signal: unknown) => void;
    readonly onReload: () => void;
    readonly reopenLog: () => void;
    readonly fail: (what: string, error: unknown) => void;
  },
): () => void {
  const listeners: readonly (readonly [string, (argument: unknown) => void])[] = [
    ['SIGTERM', on.onStop],
    ['SIGINT', on.onStop],
    ['SIGHUP', on.onReload],
    // Without a listener Node would open its debugger on this signal.
    ['SIGUSR1', on.reopenLog],
    ['uncaughtException', (error) => on.fail('uncaught exception', error)],
    ['unhandledRejection', (error) => on.fail('unhandled rejection', error)],
  ];
  for (const [name, listener] of listeners) host.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) host.off(name, listener);
  };
}

async function startDaemon(parts: LifecycleParts, daemon: Daemon): Promise<number> {
  const beganMs = parts.elapsedMs();
  try {
    await daemon.start();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    parts.emit({ is: 'daemon.failed', what: 'start', detail: error.message });
    return error.exitCode;
  }
  parts.emit({
    is: 'daemon.started',
    ...parts.about,
    tookMs: Math.round(parts.elapsedMs() - beganMs),
  });
  parts.notifier.ready('running');
  return EX_OK;
}

async function reloadDaemon(parts: LifecycleParts, daemon: Daemon): Promise<ReloadResult> {
  parts.notifier.reloading();
  const result = await daemon.reload();
  if (result.is === 'reloaded') {
    parts.emit({ is: 'config.reloaded', file: result.file, changes: result.changes });
    parts.notifier.ready('running');
  } else {
    parts.emit({ is: 'config.refused', file: result.file, problems: result.problems });
    parts.notifier.ready('running; the last reload was refused');
  }
  return result;
}

interface Stop {
  readonly signal: string;
  readonly cut: AbortController;
  /**
   * A reload under way: it ends before the drain begins, so that it cannot open again what was
   * closed.
   */
  readonly settled: Promise<unknown>;
}

async function stopDaemon(parts: LifecycleParts, daemon: Daemon, ask: Stop): Promise<number> {
  const limits = parts.limits ?? stopLimits;
  const beganMs = parts.elapsedMs();
  parts.emit({ is: 'daemon.stopping', signal: ask.signal, drainMs: limits.drainMs });
  const drain = async (): Promise<number> => {
    await ask.settled;
    parts.notifier.stopping();
    return daemon.drain(ask.cut.signal);
  };
  const aborted = await withinLimits(drain, ask.cut, limits);
  if (aborted === null) {
    const detail = `not closed ${limits.closeMs} ms after the drain ended`;
    parts.emit({ is: 'daemon.failed', what: 'stop', detail });
    return EX_SOFTWARE;
  }
  parts.emit({ is: 'daemon.stopped', tookMs: Math.round(parts.elapsedMs() - beganMs), aborted });
  return EX_OK;
}

/**
 * Drains until the limit or a second signal cuts it, then allows a moment to close; null: it did
 * not.
 */
async function withinLimits(
  drain: () => Promise<number>,
  cut: AbortController,
  limits: { readonly drainMs: number; readonly closeMs: number },
): Promise<number | null> {
  const overdue = Promise.withResolvers<null>();
  let closing: NodeJS.Timeout | undefined;
  const draining = setTimeout(() => cut.abort(), limits.drainMs);
  const onCut = (): void => {
    closing = setTimeout(overdue.resolve, limits.closeMs, null);
  };
  if (cut.signal.aborted) onCut();
  cut.signal.addEventListener('abort', onCut);
  const aborted = await Promise.race([drain(), overdue.promise]);
  clearTimeout(draining);
  clearTimeout(closing);
  cut.signal.removeEventListener('abort', onCut);
  return aborted;
}
