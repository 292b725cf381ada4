import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

export interface FeedReader {
  /** Takes one chunk; no other comes before `done`, which gets the error when no more can be read. */
  take(chunk: Buffer, done: (error?: Error | null) => void): void;
  /** The client has closed its side, and all that it sent before is dealt with. */
  onEnd(): void;
  onUnreadable(): void;
}

/**
 * Hands on what a socket brings, one chunk after the other; while one waits for its turn the socket is
 * not read. Most clients wait for each reply, so that there is nothing to buffer: `push`, which Node
 * calls with what it has read, is ours in place of a stream's buffer and events.
 */
export class Feed {
  readonly #socket: Socket;
  readonly #reader: FeedReader;
  readonly #done = (error?: Error | null): void => this.#onDone(error);
  readonly #waiting: Buffer[] = [];
  #busy = false;
  #ended = false;
  /** Node was told to stop reading. */
  #stopped = false;
  #discarding = false;

  constructor(socket: Socket, reader: FeedReader) {
    this.#socket = socket;
    this.#reader = reader;
    socket.push = (chunk: Buffer | null) =>
      chunk === null ? Readable.prototype.push.call(socket, null) : this.#push(chunk);
    socket.on('end', () => this.#onEnd());
    // What came before, behind a PROXY header or a handshake.
    if (socket.readableLength > 0) process.nextTick(() => this.#readBuffered());
  }

  /** The socket is somebody else's from now on. */
  release(): void {
    this.#discarding = true;
    this.#waiting.length = 0;
    this.#stopped = false;
    this.#socket.push = Readable.prototype.push;
  }

  /** Whatever still comes is read and dropped. */
  discard(): void {
    this.#discarding = true;
    this.#waiting.length = 0;
    this.#readOn();
  }

  /** False: Node is to stop reading. */
  #push(chunk: Buffer): boolean {
    if (this.#discarding) return true;
    if (this.#busy) {
      this.#waiting.push(chunk);
      this.#stopped = true;
    } else this.#take(chunk);
    return !this.#stopped;
  }

  #take(chunk: Buffer): void {
    this.#busy = true;
    this.#reader.take(chunk, this.#done);
  }

  #onDone(error?: Error | null): void {
    this.#busy = false;
    if (this.#discarding) return;
    if (error) {
      this.#reader.onUnreadable();
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) this.#take(next);
    else if (this.#ended) this.#reader.onEnd();
    else this.#readOn();
  }

  #onEnd(): void {
    this.#ended = true;
    if (!this.#busy && !this.#discarding) this.#reader.onEnd();
  }

  #readBuffered(): void {
    const chunk: Buffer | null = this.#socket.read();
    if (chunk !== null) this.#push(chunk);
    this.#stopped = true;
    if (!this.#busy) this.#readOn();
  }

  #readOn(): void {
    if (!this.#stopped || this.#socket.destroyed) return;
    this.#stopped = false;
    this.#socket._read(0);
  }
}
