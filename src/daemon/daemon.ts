import { formatProblem, type Problem } from '../config/problem.ts';
import { giveBackMemory } from '../lib/give-back.ts';
import type { EventSink } from '../relay/events.ts';
import { StoreError } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import { type ComposeOptions, compose, type Parts } from './compose.ts';
import type { Daemon, ReloadResult } from './lifecycle.ts';
import { readSettings } from './read-settings.ts';
import { changesBetween } from './settings-changes.ts';

export interface DaemonOptions
  extends Pick<
    ComposeOptions,
    'onDeath' | 'logLevel' | 'logLinesDropped' | 'listen' | 'openStore' | 'openDots'
  > {
  readonly settings: Settings;
  readonly emit: EventSink;
  readonly environment: NodeJS.ProcessEnv;
  /** A new configuration is in force. */
  readonly onReloaded: (settings: Settings) => void;
}

/** How long running sessions may take to end their DATA when the relay stops. */
const sessionsMs = 5_000;
const historyEveryMs = 3_600_000;

/** The relay as the lifecycle drives it. */
export function createDaemon(options: DaemonOptions): Daemon {
  const { emit } = options;
  let settings = options.settings;
  let parts: Parts | null = null;
  let refused: { atMs: number; problems: readonly string[] } | null = null;
  let tidying: NodeJS.Timeout | undefined;

  const refuse = (problems: readonly string[]): ReloadResult => {
    refused = { atMs: Date.now(), problems };
    return { is: 'refused', file: settings.file, problems };
  };

  return {
    async start() {
      parts = await compose({ ...options, settings: () => settings, refusedReload: () => refused });
      tidying = expireHistory(parts, () => settings);
      giveBackMemory();
    },

    async reload() {
      const loaded = await readSettings(settings.file, options.environment);
      if (!loaded.ok) return refuse(loaded.problems.map(formatProblem));
      const { changes, needRestart } = changesBetween(settings, loaded.settings);
      if (needRestart.length > 0) {
        return refuse(needRestart.map((key) => `${key} changes with a restart only`));
      }
      const before = settings;
      settings = loaded.settings;
      try {
        await parts?.submission.reload(settings);
      } catch (error) {
        settings = before;
        await parts?.submission.reload(before);
        return refuse([error instanceof Error ? error.message : String(error)]);
      }
      await parts?.delivery.reload(settings);
      parts?.alerts.reload();
      options.onReloaded(settings);
      warn(emit, settings.file, loaded.warnings);
      refused = null;
      return { is: 'reloaded', file: settings.file, changes };
    },

    async drain(cut) {
      if (parts === null) return 0;
      clearInterval(tidying);
      parts.stopping();
      const { submission, delivery, storage } = parts;
      // The clients go first: what they still hand over is accepted and waits in the queue.
      await Promise.race([submission.close(sessionsMs), aborted(cut)]);
      await submission.close(0);
      const { aborted: attempts } = await delivery.drain(cut);
      const { control, observe, alerts, tracing, feedback } = parts;
      await Promise.all([control, observe, alerts, tracing, feedback].map((one) => one?.close()));
      await storage.close();
      return attempts;
    },
  };
}

/** Says what is suspicious, one event each. */
export function warn(emit: EventSink, file: string, warnings: readonly Problem[]): void {
  for (const warning of warnings) {
    emit({ is: 'config.warning', file, problem: formatProblem(warning) });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Settled mail older than queue.history is forgotten once an hour, and what else is over. */
function expireHistory({ storage, suppressions }: Parts, settings: () => Settings): NodeJS.Timeout {
  const expire = async (): Promise<void> => {
    try {
      await storage.store.expireHistory(Date.now() - settings().queue.historyMs);
      await suppressions.expire();
    } catch (error) {
      // The store has said so as an event; the next hour tries again.
      if (!(error instanceof StoreError)) throw error;
    }
  };
  return setInterval(expire, historyEveryMs).unref();
}
