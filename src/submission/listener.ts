import type { AddressInfo } from 'node:net';
import { formatListenAddress } from '../config/listen-address.ts';
import type { Reply } from '../mail/reply.ts';
import type { ListenAddress, ListenerSettings } from '../relay/settings.ts';
import { readKeyPair, watchKeyPair } from './certificates.ts';
import type { Core } from './core.ts';
import type { InheritedSockets } from './inherited-sockets.ts';
import { ListenError, listenOn } from './listen.ts';
import { RelayServer } from './server.ts';

/** One entry of `listeners:`, open. */
export interface Listener {
  readonly settings: ListenerSettings;
  /** Where it really listens: the port when 0 was asked for; several for a systemd name. */
  readonly addresses: readonly ListenAddress[];
  /** Sessions that have not ended. */
  readonly running: number;
  /** Sockets not closed yet. */
  readonly open: number;
  /**
   * Reads certificate and key again. A pair that cannot be used leaves the old one in force and is
   * reported.
   */
  renewCertificate(): void;
  stop(reply: Reply): void;
  endSessions(reply: Reply): void;
  destroy(): void;
}

/** One socket of a listener. */
interface OpenServer {
  readonly server: RelayServer;
  readonly address: ListenAddress;
  /** Gives an inherited socket back. */
  leave(): void;
}

/** Rejects with ListenError. */
export async function openListener(
  core: Core,
  settings: ListenerSettings,
  sockets: InheritedSockets,
): Promise<Listener> {
  const listen = formatListenAddress(settings.listen);
  const keyPair = readPair(settings);
  const servers: OpenServer[] = [];
  const open = async (descriptor: number | null): Promise<OpenServer> => {
    const server = new RelayServer({ core, listener: settings, listen, keyPair });
    if (descriptor === null) {
      await listenOn(server.server, settings, null);
      return { server, address: addressOf(server, settings.listen), leave: () => {} };
    }
    const address = await sockets.attach(descriptor, settings, server.server);
    return { server, address, leave: () => sockets.detach(descriptor, server.server) };
  };
  try {
    for (const descriptor of descriptorsOf(settings.listen, sockets)) {
      servers.push(await open(descriptor));
    }
  } catch (error) {
    for (const { server, leave } of servers) {
      leave();
      server.server.close();
    }
    throw error;
  }
  const addresses = servers.map(({ address }) => address);
  for (const address of addresses) {
    core.emit({ is: 'listener.opened', listen: formatListenAddress(address), tls: settings.tls });
  }
  const renewCertificate = (): void => renew(core, settings, servers);
  const unwatch =
    settings.tls === 'none'
      ? () => {}
      : watchKeyPair(settings, core.pace.certificateSettleMs, renewCertificate);
  return {
    settings,
    addresses,
    renewCertificate,
    get running() {
      return servers.reduce((sum, { server }) => sum + server.running, 0);
    },
    get open() {
      return servers.reduce((sum, { server }) => sum + server.open, 0);
    },
    stop(reply) {
      unwatch();
      for (const { server, leave } of servers) {
        leave();
        server.stop(reply);
      }
    },
    endSessions(reply) {
      for (const { server } of servers) server.endSessions(reply);
    },
    destroy() {
      for (const { server } of servers) server.destroy();
    },
  };
}

/** One null for a socket of our own; systemd may have several under one name. */
function descriptorsOf(
  listen: ListenAddress,
  sockets: InheritedSockets,
): readonly (number | null)[] {
  const descriptors = sockets.descriptorsFor(listen);
  if (descriptors.length > 0) return descriptors;
  if (listen.is !== 'systemd') return [null];
  const names = sockets.names.join(', ') || 'none';
  throw new ListenError(listen, `systemd passed no socket of that name (passed: ${names})`);
}

function readPair(settings: ListenerSettings): ReturnType<typeof readKeyPair> {
  try {
    const pair = readKeyPair(settings);
    if (pair === null && settings.tls !== 'none') {
      throw new Error('certificate and key are missing');
    }
    return pair;
  } catch (error) {
    throw new ListenError(settings.listen, `TLS: ${(error as Error).message}`);
  }
}

function renew(core: Core, settings: ListenerSettings, servers: readonly OpenServer[]): void {
  try {
    const pair = readKeyPair(settings);
    if (pair === null) return;
    for (const { server } of servers) server.updateSecureContext(pair);
  } catch (error) {
    const { file } = core.settings();
    const what = `${formatListenAddress(settings.listen)} keeps its old certificate`;
    core.emit({ is: 'config.warning', file, problem: `${what}: ${(error as Error).message}` });
  }
}

function addressOf(server: RelayServer, asked: ListenAddress): ListenAddress {
  const address: AddressInfo | string | null = server.server.address();
  if (typeof address === 'string') return { is: 'unix', path: address };
  if (address === null) return asked;
  return { is: 'tcp', host: address.address, port: address.port };
}
