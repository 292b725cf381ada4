import type { Socket } from 'node:net';

const crlf = Buffer.from('\r\n');
const endOfData = Buffer.from('\r\n.\r\n');

/**
 * The server's end of an SMTP connection as something to await: lines, then the bytes of DATA.
 * What a client pipelines waits in the buffer; the buffer is bounded by pausing the socket.
 */
export class Wire {
  #socket: Socket;
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  /** The socket is read although nobody asks for bytes, to notice its end. */
  #watching = false;
  #finish: () => void = () => {};
  readonly #over = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });
  #wake: (() => void) | null = null;
  readonly #listeners = { data: this.#onData.bind(this), end: this.#onEnd.bind(this) };

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** The next line without its CRLF as latin1, so that every octet survives; null when the client is gone. */
  async line(): Promise<string | null> {
    for (;;) {
      const buffer = this.#joined();
      const end = buffer.indexOf(crlf);
      if (end >= 0) {
        this.#keep(buffer.subarray(end + crlf.length));
        return buffer.toString('latin1', 0, end);
      }
      if (this.#ended) return null;
      await this.#more();
    }
  }

  /** Bytes up to CRLF.CRLF (RFC 5321 section 4.1.1.4), dots unstuffed; null when the client left before. */
  async data(): Promise<Buffer | null> {
    const body: Buffer[] = [crlf]; // the CRLF of the DATA command can begin the end mark
    let bodySize = crlf.length;
    for (;;) {
      const chunk = this.#joined();
      this.#keep(Buffer.alloc(0));
      const overlap = lastBytes(body, endOfData.length - 1);
      const seam = Buffer.concat([overlap, chunk]);
      const at = seam.indexOf(endOfData);
      if (at >= 0) {
        this.#keep(Buffer.from(seam.subarray(at + endOfData.length)));
        const whole = Buffer.concat([...body, chunk]);
        const end = bodySize - overlap.length + at + crlf.length;
        return unstuffed(whole.subarray(crlf.length, Math.max(end, crlf.length)));
      }
      body.push(chunk);
      bodySize += chunk.length;
      if (this.#ended) return null;
      await this.#more();
    }
  }

  /** Goes on over TLS; plaintext that came behind STARTTLS is thrown away (RFC 3207 section 4.2). */
  upgrade(secured: Socket): void {
    this.#keep(Buffer.alloc(0));
    this.#socket = secured;
    this.#listen();
  }

  /** Stops reading, so that the TLS layer can take the socket over. */
  release(): Socket {
    this.#socket.off('data', this.#listeners.data);
    this.#socket.off('end', this.#listeners.end);
    this.#socket.off('close', this.#listeners.end);
    return this.#socket;
  }

  write(text: string): void {
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  /** Waits for something else, or for the client to go; what it sends meanwhile stays in the buffer. */
  async meanwhile(something: Promise<unknown>): Promise<void> {
    this.#watching = true;
    this.#socket.resume();
    await Promise.race([something, this.#over]);
    this.#watching = false;
  }

  #listen(): void {
    this.#socket.on('data', this.#listeners.data);
    this.#socket.on('end', this.#listeners.end);
    this.#socket.on('close', this.#listeners.end);
    this.#socket.on('error', () => this.#socket.destroy()); // a reset is an end like any other here
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (!this.#watching) this.#socket.pause();
    this.#wake?.();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#finish();
    this.#wake?.();
  }

  #more(): Promise<void> {
    this.#socket.resume();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)];
    return this.#chunks[0] as Buffer;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#size = rest.length;
  }
}

function lastBytes(chunks: readonly Buffer[], count: number): Buffer {
  let tail: Buffer = Buffer.alloc(0);
  for (let index = chunks.length - 1; index >= 0 && tail.length < count; index--) {
    tail = Buffer.concat([(chunks[index] as Buffer).subarray(-count), tail]);
  }
  return tail.subarray(-count);
}

/** RFC 5321 section 4.5.2: a leading dot is taken away from every line that has one. */
function unstuffed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/(^|\r\n)\./g, '$1'), 'latin1');
}
