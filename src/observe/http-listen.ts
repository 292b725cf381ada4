import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { formatListenAddress } from '../config/listen-address.ts';
import { findPortHolder } from '../lib/port-holder.ts';
import type { ListenAddress } from '../relay/settings.ts';

/** The address of observe.listen or feedback.listen cannot be had; the message says which and why. */
export class ObserveError extends Error {
  override name = 'ObserveError';
}

/** A unix socket serves whoever is in its group: a scraper of its own user is put there. */
const socketMode = 0o660;

/**
 * Binds the server, for `key` of relay.yaml. Gives the address with its real port. Rejects with
 * ObserveError.
 */
export async function listenOn(
  server: Server,
  listen: ListenAddress,
  inherited: (name: string) => number | null,
  key = 'observe.listen',
): Promise<ListenAddress> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  try {
    if (listen.is === 'tcp') server.listen(listen.port, listen.host, listening.resolve);
    else if (listen.is === 'systemd') {
      server.listen(
        { fd: passedBySystemd(key, inherited(listen.name), listen.name) },
        listening.resolve,
      );
    } else {
      await removeDeadSocket(key, listen.path);
      server.listen(listen.path, listening.resolve);
    }
    await listening.promise;
    if (listen.is === 'unix') chmodSync(listen.path, socketMode);
  } catch (error) {
    if (error instanceof ObserveError) throw error;
    throw new ObserveError(`${key} ${formatListenAddress(listen)}: ${await reason(error, listen)}`);
  } finally {
    server.off('error', listening.reject);
  }
  const address = server.address();
  if (listen.is !== 'tcp' || address === null || typeof address === 'string') return listen;
  return { ...listen, port: address.port };
}

function passedBySystemd(key: string, fd: number | null, name: string): number {
  if (fd === null) throw new ObserveError(`${key}: systemd passed no socket named ${name}`);
  return fd;
}

/** Removes a socket that a dead daemon left behind, and nothing else. */
async function removeDeadSocket(key: string, path: string): Promise<void> {
  // libuv reports a missing directory as EACCES.
  if (!existsSync(dirname(path))) throw new ObserveError(`${key}: no directory for ${path}`);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ObserveError(`${key}: ${path} exists and is no socket`);
  const knock = Promise.withResolvers<string>();
  const socket = connect(path);
  socket.once('connect', () => knock.resolve('answered'));
  socket.once('error', (error: NodeJS.ErrnoException) => knock.resolve(error.code ?? ''));
  const answer = await knock.promise;
  socket.destroy();
  if (answer === 'answered') throw new ObserveError(`${key}: ${path} is in use`);
  if (answer === 'ECONNREFUSED') rmSync(path, { force: true });
}

async function reason(error: unknown, listen: ListenAddress): Promise<string> {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' && listen.is === 'tcp') {
    return `the port is in use by ${(await findPortHolder(listen.port)) ?? 'another process'}`;
  }
  if (code === 'EACCES') return 'no permission';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return message;
}
