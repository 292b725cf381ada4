import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type ListenOptions, type Server } from 'node:net';
import { formatListenAddress } from '../config/listen-address.ts';
import { giveTo, groupId, mayGiveTo } from '../lib/groups.ts';
import { findPortHolder } from '../lib/port-holder.ts';
import type { ListenAddress, ListenerSettings } from '../relay/settings.ts';

/**
 * A listener that cannot be opened; the message names address, fault and, when known, who is in the
 * way.
 */
export class ListenError extends Error {
  override name = 'ListenError';
  /** Of the system (`EADDRINUSE`), null when the fault is ours to see. */
  readonly code: string | null;

  constructor(address: ListenAddress, problem: string, code: string | null = null) {
    super(`cannot listen on ${formatListenAddress(address)}: ${problem}`);
    this.code = code;
  }
}

/** Waiting connections the kernel holds: apps reconnect all at once when the relay comes back. */
const backlog = 1024;

/** Opens one listening socket. Rejects with ListenError. */
export async function listenOn(
  server: Server,
  settings: Pick<ListenerSettings, 'listen' | 'mode' | 'group'>,
  descriptor: number | null,
): Promise<void> {
  const address = settings.listen;
  if (address.is === 'unix') await clearStaleSocket(address);
  const fault = await bound(server, optionsOf(address, descriptor), address.is === 'unix');
  if (fault !== null) {
    throw new ListenError(address, await explain(address, fault), fault.code ?? null);
  }
  if (address.is !== 'unix') return;
  try {
    open(address, settings);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Lets in whom the file mode is meant for. */
function open(
  address: { is: 'unix'; path: string },
  { mode, group }: Pick<ListenerSettings, 'mode' | 'group'>,
): void {
  if (group !== null) {
    const id = groupId(group);
    if (id === null) throw new ListenError(address, `this machine has no group ${group}`);
    if (!mayGiveTo(id)) {
      throw new ListenError(address, `the daemon's user is not in the group ${group}`);
    }
    giveTo(address.path, id);
  }
  chmodSync(address.path, mode);
}

function optionsOf(
  address: ListenAddress,
  descriptor: number | null,
): ListenOptions & { fd?: number } {
  if (descriptor !== null) return { fd: descriptor, backlog };
  if (address.is === 'tcp') return { host: address.host, port: address.port, backlog };
  return { path: address.is === 'unix' ? address.path : '', backlog };
}

/** Null when the server listens. */
function bound(
  server: Server,
  options: ListenOptions & { fd?: number },
  isUnix: boolean,
): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const settle = (error: NodeJS.ErrnoException | null): void => {
      server.off('listening', onListening);
      server.off('error', settle);
      resolve(error);
    };
    const onListening = (): void => settle(null);
    server.once('listening', onListening);
    server.once('error', settle);
    // Node binds a path before listen() returns, so the mask keeps everybody else out until the
    // group and the mode are what they should be.
    const mask = isUnix ? process.umask(0o177) : null;
    try {
      server.listen(options);
    } finally {
      if (mask !== null) process.umask(mask);
    }
  });
}

async function explain(address: ListenAddress, fault: NodeJS.ErrnoException): Promise<string> {
  if (fault.code === 'EADDRINUSE' && address.is === 'tcp') {
    const holder = await findPortHolder(address.port);
    return `the address is in use${holder === null ? '' : ` by ${holder}`}`;
  }
  if (fault.code === 'EACCES') {
    const low = address.is === 'tcp' && address.port < 1024;
    return `permission denied${low ? '; below 1024 systemd opens the port (relayd.socket)' : ''}`;
  }
  if (fault.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return fault.message;
}

/**
 * Removes the socket file of a relay that died. One that somebody answers on, or another file, is
 * left alone.
 */
async function clearStaleSocket(address: { is: 'unix'; path: string }): Promise<void> {
  const { path } = address;
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) {
    throw new ListenError(address, 'a file that is no socket is in the way');
  }
  if (await answers(path)) {
    throw new ListenError(address, 'another process listens on it', 'EADDRINUSE');
  }
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Only a refusal says that nobody listens: without permission to ask, it is not ours to remove.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}
