import type { Socket } from 'node:net';
import {
  SMTPServer,
  type SMTPServerAuthentication,
  type SMTPServerAuthenticationResponse,
  type SMTPServerSession,
} from 'smtp-server';
import type { SMTPConnectionOptions, TLSError } from 'smtp-server/lib/smtp-connection.js';
import type { Reply } from '../mail/reply.ts';
import type { ListenerSettings } from '../relay/settings.ts';
import type { KeyPair } from './certificates.ts';
import { type ConnectionContext, RelayConnection } from './connection.ts';
import type { Core } from './core.ts';
import type { Identity } from './identity.ts';
import { inNetworks } from './network-client.ts';

export interface ServerOptions {
  readonly core: Core;
  readonly listener: ListenerSettings;
  /** The listener's address, for events. */
  readonly listen: string;
  /** Null without TLS. */
  readonly keyPair: KeyPair | null;
}

/** Blank for the library: an address that it need not ask the system for, nor look at. */
const NO_PROXY = { id: 'relayd', localAddress: ' ', localPort: 1 };

/**
 * The library's server with our connections, our trust in networks and no place for a flood of
 * half-open ones.
 */
export class RelayServer extends SMTPServer {
  readonly #relay: ServerOptions;
  readonly #connections = new Set<RelayConnection>();
  readonly #context: ConnectionContext;

  constructor(options: ServerOptions) {
    const { limits } = options.core.settings();
    super({
      logger: false,
      // The greeting is ours; without a name the library asks the machine for its own, each time.
      name: 'relayd',
      // Exim closes its side behind the final dot and QUIT, and reads the reply after that.
      allowHalfOpen: true,
      disableReverseLookup: true,
      secure: options.listener.tls === 'implicit',
      minVersion: 'TLSv1.2',
      // For the time before a session: PROXY header and TLS handshake.
      socketTimeout: limits.timeouts.authenticateMs,
      maxClients: limits.connections,
      ...(options.keyPair ?? {}),
    });
    this.#relay = options;
    const { core, listener, listen } = options;
    const onClosed = (one: RelayConnection): void => void this.#connections.delete(one);
    this.#context = { core, listener, listen, onClosed };
    this.on('error', (error: TLSError) => this.#onError(error));
  }

  override connect(socket: Socket, options: SMTPConnectionOptions = {}): void {
    const connection = new RelayConnection(this, socket, options, this.#context);
    this.connections.add(connection);
    this.#connections.add(connection);
    connection.init();
  }

  override _expectsProxyHeader(socket: Socket): boolean {
    const { proxyProtocol } = this.#relay.listener;
    if (proxyProtocol.length === 0) return false;
    return inNetworks(proxyProtocol, (socket.remoteAddress ?? '').replace(/^::ffff:/i, ''));
  }

  /**
   * A socket that announces nobody is a session at once: it needs no id drawn for the library's log,
   * and no system call for the local address, which nobody asks for.
   */
  override _handleProxy(socket: Socket, callback: Parameters<SMTPServer['_handleProxy']>[1]): void {
    if (this._expectsProxyHeader(socket)) super._handleProxy(socket, callback);
    else callback(null, NO_PROXY);
  }

  /** Sockets that have not got to a session yet: when too many wait, the oldest makes room. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    if (this._pendingSockets.size >= this.#pendingMax) {
      this._pendingSockets.values().next().value?.destroy();
    }
    return super._acceptSocket(socket, handshake);
  }

  get #pendingMax(): number {
    return Math.max(1, this.#relay.core.settings().limits.connections - 1);
  }

  /** XCLIENT with LOGIN: a trusted proxy has checked the password. */
  override onAuth(
    auth: SMTPServerAuthentication,
    _session: SMTPServerSession,
    callback: (
      error: Error | null | undefined,
      response?: SMTPServerAuthenticationResponse,
    ) => void,
  ): void {
    const name = auth.username ?? '';
    const known = auth.method === 'XCLIENT' && this.#relay.core.settings().clients.has(name);
    const user: Identity = { is: 'client', name, authenticated: true };
    callback(null, known ? { user } : { message: 'Unknown client' });
  }

  /** No new connections; running sessions end as soon as no message is lost by it. */
  stop(reply: Reply): void {
    this.server.close();
    for (const socket of this._pendingSockets.values()) socket.destroy();
    this.endSessions(reply);
  }

  /** Each as soon as no message is lost by it; connections are still accepted. */
  endSessions(reply: Reply): void {
    for (const { relay } of this.#connections) relay.stop(reply);
  }

  /**
   * Sockets that failed before there was a session; the listening itself is watched by its opener.
   */
  #onError(error: TLSError): void {
    const { core, listen } = this.#relay;
    const remote = error.meta?.remoteAddress;
    if (remote === undefined || error.report === false) return;
    core.emit({ is: 'session.refused', listen, remote, reason: 'tls' });
  }

  /** Sessions that have not ended. */
  get running(): number {
    return [...this.#connections].filter(({ gone }) => !gone).length;
  }

  /** Sockets that are not closed: of sessions that ended, too. */
  get open(): number {
    return this.#connections.size;
  }

  /** Cuts off what is left. */
  destroy(): void {
    for (const connection of this.#connections) connection._socket.destroy();
  }
}
