import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { giveTo, groupId, mayGiveTo } from '../lib/groups.ts';

/** The control socket cannot be opened; the message says which and why. */
export class ControlSocketError extends Error {
  override name = 'ControlSocketError';
}

/** sockaddr_un holds 108 bytes with the closing zero. */
const socketPathBytesMax = 107;

/** A busy daemon still accepts at once: the kernel does it. */
const answerWithinMs = 2_000;

/**
 * Makes room for our socket: removes one that a dead daemon left behind. Throws ControlSocketError
 * when somebody answers on it, or when what lies there is no socket.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw new ControlSocketError(
      `control.socket is longer than ${socketPathBytesMax} bytes, which no unix socket may be: ${path}`,
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ControlSocketError(`${path} exists and is not a socket; it was left alone`);
  }
  const answer = await knock(path);
  if (answer === 'open') {
    throw new ControlSocketError(`another relayd answers on ${path}; stop it first`);
  }
  if (answer !== 'ECONNREFUSED' && answer !== 'ENOENT') {
    throw new ControlSocketError(`${path} is in the way and cannot be tried: ${answer}`);
  }
  rmSync(path, { force: true });
}

/** Gives `open`, or the code of the error that connecting ended with. */
function knock(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (result: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(settle, answerWithinMs, 'open');
    socket.once('connect', () => settle('open'));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}

export interface SocketOwnership {
  readonly mode: number;
  /**
   * Name of the group that may use the socket; it keeps the process's own when there is none of
   * that name.
   */
  readonly group: string;
}

/**
 * Binds the socket so that nobody else can use it before its group and mode are set.
 * Throws ControlSocketError.
 */
export async function listenOnSocket(
  server: Server,
  path: string,
  ownership: SocketOwnership,
): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  // The socket file is created within this call, with the mode that the mask leaves.
  const mask = process.umask(0o177);
  try {
    server.listen(path, listening.resolve);
  } finally {
    process.umask(mask);
  }
  try {
    await listening.promise;
    const group = groupId(ownership.group);
    if (group !== null && mayGiveTo(group)) giveTo(path, group);
    chmodSync(path, ownership.mode);
  } catch (error) {
    server.close();
    throw new ControlSocketError(`cannot open the control socket ${path}: ${reason(path, error)}`);
  } finally {
    server.off('error', listening.reject);
  }
}

function reason(path: string, error: unknown): string {
  // libuv gives EACCES for a directory that does not exist, too.
  if (!existsSync(dirname(path))) return `the directory ${dirname(path)} does not exist`;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EACCES' ? `no permission to write to ${dirname(path)}` : message;
}
