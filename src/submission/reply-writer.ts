import type { Socket } from 'node:net';

const flush = (writer: ReplyWriter): void => writer.flush();

/** Replies to commands that came together leave together (RFC 2920 section 3.2), in one segment. */
export class ReplyWriter {
  readonly #socket: () => Socket;
  #pending = '';

  /** The socket changes with STARTTLS. */
  constructor(socket: () => Socket) {
    this.#socket = socket;
  }

  write(text: string): void {
    if (this.#pending === '') process.nextTick(flush, this);
    this.#pending += text;
  }

  flush(): void {
    const text = this.#pending;
    this.#pending = '';
    const socket = this.#socket();
    if (text !== '' && socket.writable) socket.write(text, 'latin1');
  }
}
