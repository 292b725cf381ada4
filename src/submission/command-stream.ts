import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';

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

/**
 * The library's command parser with our own reading of DATA: its own splits messages at every
 * stuffed dot, keeps a dot that RFC 5321 section 4.5.2 deletes, and passes them on through a stream
 * of its own.
 */
export class CommandStream extends SMTPStream {
  #reader: DataReader | null = null;

  startData(reader: DataReader): void {
    this.#reader = reader;
    this._dataMode = true;
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
