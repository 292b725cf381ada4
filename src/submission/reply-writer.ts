import type { Socket } from 'node:net';

const flush = (writer: ReplyWriter): void => writer.flush();

/** Replies to commands that came together leave together (RFC 2920 section 3.2), in one segment. */
export class ReplyWriter {
  readonly #socket: () => Socket;
  #pending = '';
  #holding = false;

  /** The socket changes with STARTTLS. */
  constructor(socket: () => Socket) {
    this.#socket = socket;
  }

  /** What is written from here to the next `flush` leaves with it, and needs no turn of its own. */
  hold(): void {
    this.#holding = true;
  }

  write(text: string): void {
    if (this.#pending === '' && !this.#holding) process.nextTick(flush, this);
    this.#pending += text;
  }

  flush(): void {
    this.#holding = false;
    const text = this.#pending;
    if (text === '') return;
    this.#pending = '';
    const socket = this.#socket();
    if (socket.writable) socket.write(text, 'latin1');
  }
}
