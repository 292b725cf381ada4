import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';

export interface ClientTarget {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly implicitTls: boolean;
}

const patienceMs = 5_000;

/** A client that sees every byte. */
export class Client {
  last: readonly string[] = [];
  socket: Socket;
  #received = '';
  #ended = false;
  #changed = (): void => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  static async open(target: ClientTarget): Promise<Client> {
    const { host, port, implicitTls } = target;
    const socket = implicitTls
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port });
    socket.setNoDelay(true);
    await once(socket, implicitTls ? 'secureConnect' : 'connect');
    return new Client(socket);
  }

  /** In a segment of its own: the next one leaves after the relay had time to read this. */
  async send(bytes: Buffer): Promise<void> {
    this.socket.write(bytes);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }

  /** The lines of the next reply. */
  async reply(where = 'reply'): Promise<readonly string[]> {
    const whole = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n/;
    await this.#until(() => whole.test(this.#received) || this.#ended, where);
    const text = whole.exec(this.#received)?.[0];
    expect(text, `${where}: no reply; received ${JSON.stringify(this.#received)}`).toBeDefined();
    this.#received = this.#received.slice(text?.length);
    this.last = (text ?? '').split('\r\n').slice(0, -1);
    return this.last;
  }

  async closed(where = 'end'): Promise<void> {
    await this.#until(() => this.#ended, where);
    expect(this.#received, `${where}: there was more before the end`).toBe('');
  }

  async startTls(): Promise<void> {
    this.socket.removeAllListeners('data');
    const socket = connectTls({ socket: this.socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    this.socket = socket;
    this.#listen();
  }

  close(): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#changed();
    });
    for (const event of ['end', 'error', 'close']) {
      this.socket.on(event, () => {
        this.#ended = true;
        this.#changed();
      });
    }
  }

  async #until(condition: () => boolean, where: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const received = (): string => JSON.stringify(this.#received);
      const fail = (): void => reject(new Error(`${where}: nothing came; have ${received()}`));
      timer = setTimeout(fail, patienceMs);
    });
    try {
      while (!condition()) {
        const change = new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
        await Promise.race([change, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
