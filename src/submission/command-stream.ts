import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { parserLineBytesMax } from './pace.ts';

/** Takes the bytes of one message off the wire. */
export interface DataReader {
  /**
   * Returns how many of the bytes belong to the message, end mark included; -1: all, and the end
   * has not come.
   */
  push(chunk: Buffer): number;
  /** What has to be done before more can be taken; null: nothing. Never rejects. */
  pressure(): Promise<void> | null;
  /** The end mark was read. Call `next` to let in the commands behind it. */
  finish(next: () => void): void;
}

const CR = 0x0d;
const LF = 0x0a;

/** What the chunk is one line of, each character an octet; null: it is not one line and nothing else. */
function lineOf(chunk: Buffer): string | null {
  const end = chunk.length - 2;
  if (end > parserLineBytesMax || chunk[end] !== CR || chunk[end + 1] !== LF) return null;
  const line = chunk.toString('latin1', 0, end);
  return line.includes('\n') ? null : line;
}

/**
 * The library's command parser with our own reading of DATA: its own splits messages at every
 * stuffed dot, keeps a dot that RFC 5321 section 4.5.2 deletes, and passes them on through a stream
 * of its own.
 */
export class CommandStream extends SMTPStream {
  readonly #onLine: (line: string, done: () => void) => void;
  #reader: DataReader | null = null;

  /** Of a line each character is an octet; the next does not come before `done`. */
  constructor(onLine: (line: string, done: () => void) => void) {
    super({ maxCommandLength: parserLineBytesMax });
    this.#onLine = onLine;
  }

  startData(reader: DataReader): void {
    this.#reader = reader;
    this._dataMode = true;
  }

  /**
   * Most clients wait for each reply: what comes is one whole line and needs nothing of the
   * library's cutting.
   */
  override _write(
    chunk: Buffer,
    encoding: BufferEncoding | 'buffer',
    done: (error?: Error | null) => void,
  ): void {
    const isWhole = !this._dataMode && !this.isClosed && this._remainder === '';
    const line = isWhole ? lineOf(chunk) : null;
    if (line === null) super._write(chunk, encoding, done);
    else this.#onLine(line, done);
  }

  override oncommand(line: Buffer, done: () => void = () => {}): void {
    this.#onLine(line.toString('latin1'), done);
  }

  override _feedDataStream(chunk: Buffer, done: (error?: Error | null) => void): void {
    const reader = this.#reader;
    if (reader === null || this.isClosed) {
      done();
      return;
    }
    const used = reader.push(chunk);
    if (used < 0) {
      const pressure = reader.pressure();
      if (pressure === null) done();
      else void pressure.then(() => done());
      return;
    }
    this.#reader = null;
    this._dataMode = false;
    this._remainder = '';
    reader.finish(() => this._write(chunk.subarray(used), 'buffer', done));
  }

  /**
   * The library runs the unfinished line of a client that has left as a command; a line ends with
   * CRLF.
   */
  override _flushData(): void {
    this._remainder = '';
  }
}
