import type { Socket } from 'node:net';

/** Replies to commands that came together leave together (RFC 2920 section 3.2), in one segment. */
export class ReplyWriter {
  readonly #socket: () => Socket;
  #corked: Socket | null = null;

  /** The socket changes with STARTTLS. */
  constructor(socket: () => Socket) {
    this.#socket = socket;
  }

  write(text: string): void {
    const socket = this.#socket();
    if (!socket.writable) return;
    if (this.#corked === null) {
      this.#corked = socket;
      socket.cork();
      process.nextTick(() => this.flush());
    }
    socket.write(text, 'latin1');
  }

  flush(): void {
    this.#corked?.uncork();
    this.#corked = null;
  }
}
