import { createServer, type Socket } from 'node:net';
import { packageVersion } from '../lib/version.ts';
import type { EventSink } from '../relay/events.ts';
import { openSession, type Session } from './session.ts';
import { clearStaleSocket, listenOnSocket } from './socket-file.ts';
import type { ControlHandlers } from './wire.ts';

export interface ControlOptions {
  /** Path of the unix socket. */
  readonly socket: string;
  readonly handlers: ControlHandlers;
  readonly emit: EventSink;
  /** Default 0660. */
  readonly mode?: number;
  /** Group that may use the socket, if the machine has it. Default `relayd`. */
  readonly group?: string;
}

export interface Control {
  readonly socket: string;
  /**
   * Requests under way are answered for at most a second; then every connection is cut and the
   * socket removed.
   */
  close(): Promise<void>;
}

/** Operators and their scripts, not a crowd. */
const connectionsMax = 64;
const closeWithinMs = 1_000;

/**
 * Opens the control socket. Rejects with ControlSocketError when it is in use or cannot be made.
 */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { socket: path, handlers, emit } = options;
  const sessions = new Map<Socket, Session>();
  const program = `relayd ${packageVersion()}`;
  const handled = (request: string, tookMs: number, detail: string | null): void => {
    const failed = detail !== null;
    emit({ is: 'control.called', request, tookMs, failed, ...(failed && { detail }) });
  };

  const server = createServer((socket) => {
    sessions.set(socket, openSession(socket, { program, handlers, handled }));
    socket.once('close', () => sessions.delete(socket));
  });
  server.maxConnections = connectionsMax;

  await clearStaleSocket(path);
  await listenOnSocket(server, path, {
    mode: options.mode ?? 0o660,
    group: options.group ?? 'relayd',
  });

  return {
    socket: path,
    async close() {
      const closed = Promise.withResolvers<void>();
      // Closing a server that listens on a path also unlinks the path.
      server.close(() => closed.resolve());
      for (const session of sessions.values()) session.finish();
      const cut = setTimeout(() => {
        for (const socket of sessions.keys()) socket.destroy();
      }, closeWithinMs);
      await closed.promise;
      clearTimeout(cut);
    },
  };
}
