import type { Reply } from '../mail/reply.ts';
import type { SessionRefusal } from '../relay/events.ts';
import type { ListenerSettings } from '../relay/settings.ts';
import { runCommand } from './commands.ts';
import type { Core } from './core.ts';
import { type Identity, identityName } from './identity.ts';
import type { Member } from './registry.ts';
import { REPLIES } from './replies.ts';
import {
  type LineReader,
  type MessageSource,
  remoteName,
  type Session,
  type Transaction,
} from './session.ts';
import { SessionGuard } from './session-guard.ts';
import { isBadCommand, wireLine } from './wire-line.ts';

/** The connection below a session. */
export interface Transport {
  readonly secure: boolean;
  readonly remoteAddress: string;
  readonly gone: boolean;
  write(text: string): void;
  /** Calls `next` once the client has read enough of its replies. */
  whenWritable(next: () => void): void;
  /** Half-closes: what was written is still delivered. */
  close(): void;
  /** The client has said goodbye: what was written is still delivered, nothing more is read. */
  hangUp(): void;
  /** Sends the reply in the clear and begins the handshake. */
  startTls(reply: string, done: () => void): void;
  startData(reader: MessageSource): void;
  readonly mayXclient: boolean;
  xclient(line: string, done: () => void): void;
}

export interface SessionContext {
  readonly core: Core;
  readonly listener: ListenerSettings;
  /** The listener's address, for events. */
  readonly listen: string;
}

/** What is known of one client, and how far its dialogue has come. */
export class RelaySession implements Session, Member {
  readonly core: Core;
  readonly listener: ListenerSettings;
  readonly listen: string;
  helo: string | null = null;
  extended = false;
  identity: Identity | null = null;
  transaction: Transaction | null = null;
  wrongPasswords = 0;
  lastCommandAtMs: number;
  readonly #transport: Transport;
  readonly #guard = new SessionGuard((limit) => this.refuse(limit));
  #lineReader: LineReader | null = null;
  #dataReader: MessageSource | null = null;
  /** A command is being worked on. */
  #busy = false;
  #penalised = false;
  #stopping: Reply | null = null;

  constructor(transport: Transport, { core, listener, listen }: SessionContext) {
    this.core = core;
    this.listener = listener;
    this.listen = listen;
    this.lastCommandAtMs = core.clock();
    this.#transport = transport;
  }

  get secure(): boolean {
    return this.#transport.secure;
  }

  get remoteAddress(): string {
    return this.#transport.remoteAddress;
  }

  get gone(): boolean {
    return this.#transport.gone;
  }

  get mayXclient(): boolean {
    return this.#transport.mayXclient;
  }

  get idle(): boolean {
    return this.#waiting && this.transaction === null;
  }

  /** It is the client's turn. */
  get #waiting(): boolean {
    return (!this.#busy || this.#penalised) && this.#dataReader === null;
  }

  /** The first thing that happens: a greeting, or the reason why there is none. */
  start(): void {
    if (!this.core.gate.open) {
      this.refuse({ reply: REPLIES.draining, why: 'draining' });
      return;
    }
    const refused = this.core.registry.enter(this);
    if (refused !== null) {
      this.refuse(refused);
      return;
    }
    this.#guard.start(this.listener, this.core.settings());
    this.greet();
  }

  greet(): void {
    this.#transport.write(`220 ${this.core.settings().hostname} ESMTP relayd\r\n`);
  }

  onLine(line: string, next: () => void): void {
    this.lastCommandAtMs = this.core.clock();
    this.#busy = true;
    const done = (): void => this.#resume(next);
    const reader = this.#lineReader;
    if (reader !== null) {
      this.#lineReader = null;
      reader(line, done);
    } else if (this.identity !== null || this.#guard.earlyCommand()) {
      runCommand(this, line, done);
    }
  }

  /** Nothing came for `limits.timeouts.command`. True: it is not the client that is late. */
  onIdle(): boolean {
    if (this.#waiting) this.refuse({ reply: REPLIES.idle, why: 'timeout' });
    return !this.#waiting;
  }

  /** RFC 3207 section 4.2, and XCLIENT: all that was known of the client is forgotten. */
  reset(identity: Identity | null): void {
    this.transaction = null;
    this.helo = null;
    this.extended = false;
    this.identity = null;
    this.core.registry.forget(this);
    if (identity !== null) this.become(identity);
  }

  /** The connection ends, whoever ended it. */
  onEnd(): void {
    this.#guard.stopClock();
    this.core.registry.leave(this);
    this.#dataReader?.abort();
    this.#dataReader = null;
  }

  /** Ends the session as soon as no message is lost by it. */
  stop(reply: Reply): void {
    if (this.#waiting) this.end(reply);
    else this.#stopping = reply;
  }

  reply(reply: Reply): void {
    if (isBadCommand(reply) && !this.#guard.badCommand()) return;
    this.#transport.write(wireLine(reply));
  }

  replyLines(code: number, lines: readonly string[]): void {
    const last = lines.length - 1;
    const text = lines.map((line, at) => `${code}${at < last ? '-' : ' '}${line}\r\n`);
    this.#transport.write(text.join(''));
  }

  end(reply: Reply): void {
    if (this.gone) return;
    this.#transport.write(wireLine(reply));
    this.#transport.close();
  }

  refuse({ reply, why }: { readonly reply: Reply; readonly why: SessionRefusal }): void {
    if (this.gone) return;
    const { listen } = this;
    this.core.emit({ is: 'session.refused', listen, remote: remoteName(this), reason: why });
    this.end(reply);
  }

  hangUp(): void {
    this.#transport.hangUp();
  }

  become(identity: Identity): boolean {
    const refused = this.core.registry.identify(this, identityName(identity));
    if (refused !== null) {
      this.refuse(refused);
      return false;
    }
    this.identity = identity;
    this.#guard.stopClock();
    return true;
  }

  readLine(reader: LineReader): void {
    this.#lineReader = reader;
  }

  startTls(done: () => void): void {
    this.#transport.startTls(wireLine(REPLIES.startTls), () => this.#resume(done));
  }

  readData(reader: MessageSource): void {
    this.#dataReader = reader;
    this.#transport.startData(reader);
  }

  dataDone(next: () => void): void {
    this.#dataReader = null;
    this.#resume(next);
  }

  xclient(line: string, done: () => void): void {
    if (this.transaction === null) {
      this.#transport.xclient(line, done);
      return;
    }
    this.reply(REPLIES.nestedMail);
    done();
  }

  penalise(delayMs: number, then: () => void): void {
    this.#penalised = true;
    setTimeout(() => {
      this.#penalised = false;
      if (!this.gone) then();
    }, delayMs).unref();
  }

  forgive(): void {
    this.#guard.forgive();
  }

  #resume(next: () => void): void {
    this.#busy = false;
    if (this.#stopping !== null && this.#dataReader === null) this.end(this.#stopping);
    // A client that does not read its replies is not read from, either.
    else this.#transport.whenWritable(next);
  }
}
