import type { Socket } from 'node:net';
import type { SMTPServer } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { CommandStream } from './command-stream.ts';
import { Feed, type FeedReader } from './feed.ts';
import type { Identity } from './identity.ts';
import { inNetworks } from './network-client.ts';
import { RelaySession, type SessionContext, type Transport } from './relay-session.ts';
import { REPLIES } from './replies.ts';
import { ReplyWriter } from './reply-writer.ts';
import type { MessageSource } from './session.ts';
import { LIBRARY_DETAILS } from './wire-line.ts';

export interface ConnectionContext extends SessionContext {
  /** The socket is closed; a connection that ended may wait a while for it. */
  readonly onClosed: (connection: RelayConnection) => void;
}

/**
 * One client connection. The library cuts the input into lines, upgrades to TLS, half-closes and
 * waits for slow readers; what is said, and when, is the session's. Every member of the library
 * that is overridden here is pinned by test/unit/submission/library.test.ts.
 */
export class RelayConnection extends SMTPConnection implements Transport, FeedReader {
  readonly relay: RelaySession;
  readonly #context: ConnectionContext;
  readonly #writer = new ReplyWriter(() => this._socket);
  #feed: Feed | null = null;

  constructor(
    server: SMTPServer,
    socket: Socket,
    options: SMTPConnectionOptions,
    context: ConnectionContext,
  ) {
    super(server, socket, options);
    this.#context = context;
    this.relay = new RelaySession(this, context);
    // The library's XCLIENT looks at it; the transaction is ours.
    this.session.envelope = { mailFrom: false, rcptTo: [] };
  }

  /** The greeting goes out at once: the library's waits 100 ms for clients that talk too soon. */
  override init(): void {
    this._setListeners(() => {
      this.#writer.hold();
      this.relay.start();
      this.#writer.flush();
    });
  }

  /** As the library's, but for its pipe. */
  override _setListeners(callback: () => void): void {
    const socket = this._socket;
    socket.on('close', () => this._onClose());
    socket.on('error', (error) => this._onError(error));
    this._armTimeout();
    this.#feed = new Feed(socket, this);
    callback();
  }

  /** What the client sends from now on is for the handshake. */
  override upgrade(callback: () => void, secureCallback?: () => void): void {
    this.#feed?.release();
    this._socket.removeAllListeners('end').pause();
    super.upgrade(callback, () => {
      // In the place of the library's pipe, before anything has gone through it.
      if (this._parser instanceof CommandStream) this._socket.unpipe(this._parser);
      this.#feed = new Feed(this._socket, this);
      secureCallback?.();
    });
  }

  override _sendGreeting(): void {
    this.relay.greet();
  }

  override _createParser(): CommandStream {
    return new CommandStream((line, next) => {
      if (this._upgrading || this.gone) next();
      else this.relay.onLine(line, next);
    });
  }

  /** What comes in one chunk is answered in one. */
  take(chunk: Buffer, done: (error?: Error | null) => void): void {
    const parser = this._parser;
    if (!(parser instanceof CommandStream)) return;
    this.#writer.hold();
    parser._write(chunk, 'buffer', done);
    this.#writer.flush();
  }

  onEnd(): void {
    this.close();
  }

  onUnreadable(): void {
    this.relay.refuse({ reply: REPLIES.tooLongForParser, why: 'commands' });
  }

  get gone(): boolean {
    return this._closing || this._closed;
  }

  write(text: string): void {
    // While the handshake runs the socket is still the raw one, and anything written to it would
    // break in.
    if (!this._upgrading) this.#writer.write(text);
  }

  whenWritable(next: () => void): void {
    this._whenWritable(next);
  }

  startTls(reply: string, done: () => void): void {
    this.#writer.write(reply);
    this.#writer.flush();
    this.upgrade(done);
  }

  startData(reader: MessageSource): void {
    if (this._parser instanceof CommandStream) this._parser.startData(reader);
  }

  get mayXclient(): boolean {
    return this._proxyCommandAllowed('XCLIENT');
  }

  override _proxyCommandAllowed(command: string): boolean {
    const trusted = inNetworks(this.#context.listener.xclient, this._originalRemoteAddress);
    return command === 'XCLIENT' && trusted && !this._xClient.has('ADDR');
  }

  xclient(line: string, done: () => void): void {
    this.session.user = this.relay.identity;
    super.handler_XCLIENT(Buffer.from(line, 'latin1'), done);
  }

  /** Replies of the library's own: to XCLIENT, and to a session that it refuses. */
  override send(code: number, text?: string | string[] | null): void {
    const detail = LIBRARY_DETAILS.get(code) ?? null;
    const reply = { code, detail, text: [text ?? ''].flat().join(' ') };
    if (code === 421) this.relay.end(reply);
    else this.relay.reply(reply);
  }

  override _resetSession(): void {
    const user: Identity | false | null | undefined = this.session.user;
    this.relay.reset(user || null);
  }

  override _armTimeout(socket: Socket = this._socket): void {
    const { commandMs } = this.#context.core.settings().limits.timeouts;
    socket.setTimeout(commandMs, () => this._onTimeout());
  }

  override _onTimeout(): void {
    if (this.gone) this._socket.destroy();
    else if (this.relay.onIdle()) this._armTimeout();
  }

  override close(): void {
    this.relay.onEnd();
    if (!this._upgrading) this.#writer.flush();
    super.close();
    this.#feed?.discard();
  }

  /**
   * After QUIT nothing more is read: a socket whose replies are in the kernel's hands is closed at
   * once, which costs less than half-closing it and hearing of the client's end.
   */
  hangUp(): void {
    this.#writer.flush();
    if (this.secure || this._socket.writableLength > 0) {
      this.close();
      return;
    }
    this.relay.onEnd();
    this._closing = true;
    this._socket.destroy();
  }

  override _onClose(): void {
    this.relay.onEnd();
    // Before the library would see to it, and tell its server in a turn of the loop for each.
    this._closed = true;
    super._onClose();
    this.#context.onClosed(this);
  }

  /** Node destroys a socket that failed, and `_onClose` follows. */
  override _onError(error: Error): void {
    const { core, listen } = this.#context;
    if (this._upgrading && !('report' in error)) {
      core.emit({ is: 'session.refused', listen, remote: this.remoteAddress, reason: 'tls' });
    }
    this.close();
  }
}
