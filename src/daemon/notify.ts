import { spawn } from 'node:child_process';

/**
 * Tells systemd what the daemon is doing (sd_notify(3)). The protocol is a datagram to a unix
 * socket, which Node cannot send, so systemd's own `systemd-notify` sends it:
 * docs/decisions/007-sd-notify.md. Without NOTIFY_SOCKET nobody asked, and everything here does
 * nothing.
 */
export interface Notifier {
  /** Mail is taken; also the end of a reload. Starts feeding the watchdog when the unit has one. */
  ready(status: string): void;
  reloading(): void;
  stopping(): void;
  /** The line that `systemctl status` shows. */
  status(text: string): void;
  /** Ends the watchdog and resolves when everything said has been sent. */
  close(): Promise<void>;
}

/** Runs systemd-notify with the given assignments; rejects when it could not deliver them. */
export type SendNotification = (
  assignments: readonly string[],
  socket: string,
  path: string,
) => Promise<void>;

const sendMsMax = 5_000;
const statusCharactersMax = 200;

export function openNotifier(options: {
  environment: NodeJS.ProcessEnv;
  pid: number;
  /** Microseconds of CLOCK_MONOTONIC. */
  monotonicUs: () => bigint;
  /** systemd could not be told: called once, and again only after it could. */
  onFailed: (detail: string) => void;
  send?: SendNotification;
}): Notifier {
  const { NOTIFY_SOCKET: socket, PATH: path = '/usr/bin:/bin' } = options.environment;
  if (socket === undefined || socket === '') return silent;
  const send = options.send ?? runSystemdNotify;
  const feedMs = watchdogMs(options.environment, options.pid);
  let pending = 0;
  let failing = false;
  let last: Promise<void> = Promise.resolve();
  let feeding: NodeJS.Timeout | undefined;

  // One after the other: RELOADING must not overtake READY.
  const say = (...assignments: string[]): void => {
    pending++;
    last = last
      .then(() => send(assignments, socket, path))
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing) options.onFailed(error instanceof Error ? error.message : String(error));
          failing = true;
        },
      )
      .then(() => {
        pending--;
      });
  };
  const feed = (): void => {
    // Each feeding is a process: when the one before still runs, another would help nobody.
    if (pending === 0) say('WATCHDOG=1');
  };

  return {
    ready: (status) => {
      say('READY=1', statusLine(status));
      // A timer of the main loop: when the loop stops turning, so does the feeding.
      if (feedMs !== null) feeding ??= setInterval(feed, feedMs).unref();
    },
    // systemd >= 253 with Type=notify-reload waits for exactly this pair.
    reloading: () => say('RELOADING=1', `MONOTONIC_USEC=${options.monotonicUs()}`),
    stopping: () => say('STOPPING=1', statusLine('draining')),
    status: (text) => say(statusLine(text)),
    close: () => {
      clearInterval(feeding);
      return last;
    },
  };
}

const nothing = (): void => {};
const silent: Notifier = {
  ready: nothing,
  reloading: nothing,
  stopping: nothing,
  status: nothing,
  close: () => Promise.resolve(),
};

/** One line: a newline would begin another assignment. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[\x00-\x1f\x7f]/g, ' ').slice(0, statusCharactersMax)}`;
}

/**
 * Half of what the unit allows, as sd_watchdog_enabled(3) advises; null when the watchdog is not
 * ours.
 */
function watchdogMs(environment: NodeJS.ProcessEnv, pid: number): number | null {
  const allowedUs = Number(environment.WATCHDOG_USEC ?? '');
  const forUs = environment.WATCHDOG_PID === undefined || environment.WATCHDOG_PID === String(pid);
  return forUs && allowedUs > 0 ? Math.max(1, Math.floor(allowedUs / 2000)) : null;
}

/**
 * Without --no-block: systemd-notify stays until the manager has read the message, so that it can
 * still see which unit the sender belongs to. Its environment holds nothing but what it needs.
 */
const runSystemdNotify: SendNotification = (assignments, socket, path) =>
  new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', [...assignments], {
      env: { PATH: path, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
      timeout: sendMsMax,
    });
    child.once('error', (error) => reject(new Error(`systemd-notify: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with ${signal ?? `exit code ${code}`}`));
    });
  });
