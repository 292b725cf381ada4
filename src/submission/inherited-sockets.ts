import { createServer, type Server, type Socket } from 'node:net';
import { listeningAddress, sameHost } from '../lib/listening-address.ts';
import type { ListenAddress, ListenerSettings } from '../relay/settings.ts';
import { listenOn } from './listen.ts';
import type { SystemdSockets } from './systemd-sockets.ts';

/**
 * The listening sockets that systemd opened. A descriptor that was closed never comes back to this
 * process, so one that a listener took stays open over reloads, while listeners come and go.
 */
export interface InheritedSockets {
  /** For a listener of that address; empty: it opens a socket of its own. */
  descriptorsFor(listen: ListenAddress): readonly number[];
  /** The names under which sockets were passed. */
  readonly names: readonly string[];
  /** New connections go to `server` from now on. Rejects with ListenError. */
  attach(descriptor: number, settings: ListenerSettings, server: Server): Promise<ListenAddress>;
  /** New connections wait for another listener. */
  detach(descriptor: number, server: Server): void;
  /** Closes what was taken and has no listener any more. */
  closeUnattached(): void;
  /** Sockets that no listener ever took, as `NAME` or `NAME (127.0.0.1:587)`. */
  untaken(): readonly { readonly name: string; readonly text: string }[];
}

/** One descriptor in use. */
interface Door {
  readonly acceptor: Server;
  server: Server | null;
  waiting: Socket[];
}

export function inheritedSockets(passed: SystemdSockets): InheritedSockets {
  const doors = new Map<number, Door>();
  const all = [...passed].flatMap(([name, descriptors]) =>
    descriptors.map((descriptor) => ({ name, descriptor, address: listeningAddress(descriptor) })),
  );
  const close = (descriptor: number, door: Door): void => {
    door.acceptor.close();
    for (const socket of door.waiting) socket.destroy();
    doors.delete(descriptor);
  };
  return {
    names: [...passed.keys()],
    descriptorsFor: (listen) =>
      all.flatMap(({ name, descriptor, address }) => {
        if (listen.is === 'systemd') return name === listen.name ? [descriptor] : [];
        if (listen.is === 'unix' || address === null || listen.port !== address.port) return [];
        return sameHost(listen.host, address.host) ? [descriptor] : [];
      }),
    async attach(descriptor, settings, server) {
      const door = doors.get(descriptor) ?? (await openDoor(descriptor, settings));
      doors.set(descriptor, door);
      door.server = server;
      for (const socket of door.waiting.splice(0)) server.emit('connection', socket);
      const address = door.acceptor.address();
      if (address === null) return settings.listen;
      if (typeof address === 'string') return { is: 'unix', path: address };
      return { is: 'tcp', host: address.address, port: address.port };
    },
    detach(descriptor, server) {
      const door = doors.get(descriptor);
      if (door?.server === server) door.server = null;
    },
    closeUnattached() {
      for (const [descriptor, door] of doors) if (door.server === null) close(descriptor, door);
    },
    untaken: () =>
      all
        .filter(({ descriptor }) => !doors.has(descriptor))
        .map(({ name, address }) => ({
          name,
          text: address === null ? name : `${name} (${address.host}:${address.port})`,
        })),
  };
}

async function openDoor(descriptor: number, settings: ListenerSettings): Promise<Door> {
  const waiting: Socket[] = [];
  // Half open as the servers behind it are; see RelayServer.
  const acceptor = createServer({ allowHalfOpen: true }, (socket) => {
    if (door.server === null) door.waiting.push(socket);
    else door.server.emit('connection', socket);
  });
  const door: Door = { acceptor, server: null, waiting };
  await listenOn(acceptor, settings, descriptor);
  return door;
}
