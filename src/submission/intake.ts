import { DataDecoder } from '../mail/data-decoder.ts';
import { HeaderScan } from '../mail/header-scan.ts';
import type { Reply } from '../mail/reply.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { SubmissionLimits } from '../relay/settings.ts';
import type { BodySink } from './body-sink.ts';
import { REPLIES, tooLarge } from './replies.ts';

/** A message that is not taken: what the client is told, and the event's reason. */
export interface Refused {
  readonly reply: Reply;
  readonly why: RefusalReason;
}

export interface IntakeOptions {
  readonly sink: BodySink;
  readonly limits: Pick<SubmissionLimits, 'bareNewlines' | 'hops'>;
  readonly bytesMax: number;
  /** Header fields whose values are wanted, lower case, and how many octets of each. */
  readonly capture: ReadonlyMap<string, number>;
  /** What to put before the message. */
  readonly trace: Buffer;
  /** Fields to add at the end of the header, each with its line end. */
  readonly missingFields: (header: HeaderScan) => string;
}

/** RFC 5322 section 3.6.3: nobody but the sender may read who else gets the message. */
const REMOVED = new Set(['bcc', 'resent-bcc']);
const crlf = Buffer.from('\r\n');

/**
 * One message on its way in: wire bytes to the bytes that are sent upstream, in constant memory.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #decoder: DataDecoder;
  readonly header: HeaderScan;
  #inHeader = true;
  #clientBytes = 0;
  #refused: Refused | null = null;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#decoder = new DataDecoder((piece) => this.#onPiece(piece));
    this.header = new HeaderScan({
      capture: options.capture,
      remove: REMOVED,
      emit: (piece) => options.sink.write(piece),
    });
    options.sink.write(options.trace);
  }

  get refused(): Refused | null {
    return this.#refused;
  }

  get eightBit(): boolean {
    return this.#decoder.eightBit;
  }

  /**
   * Returns how many bytes belong to the message, end mark included; -1: all, and the end has not
   * come.
   */
  push(chunk: Buffer): number {
    const used = this.#decoder.push(chunk);
    if (this.#decoder.nul) this.refuse({ reply: REPLIES.nul, why: 'content' });
    if (this.#decoder.bareNewline && this.#options.limits.bareNewlines === 'reject') {
      this.refuse({ reply: REPLIES.bareNewline, why: 'newlines' });
    }
    if (used >= 0 && this.#inHeader) this.#endHeader();
    return used;
  }

  /** From now on bytes are read and dropped; the first reason counts. */
  refuse(refused: Refused): void {
    if (this.#refused !== null) return;
    this.#refused = refused;
    void this.#options.sink.discard();
  }

  #onPiece(piece: Buffer): void {
    if (this.#refused !== null) return;
    const { sink, bytesMax } = this.#options;
    this.#clientBytes += piece.length;
    // RFC 1870 section 6.3: the limit holds for what comes, whatever was declared.
    if (this.#clientBytes > bytesMax) {
      this.refuse({ reply: tooLarge(bytesMax), why: 'size' });
      return;
    }
    if (!this.#inHeader) {
      sink.write(piece);
      return;
    }
    const used = this.header.push(piece);
    if (used < 0) return;
    this.#endHeader();
    sink.write(crlf);
    sink.write(this.header.heldBack);
    sink.write(piece.subarray(used));
  }

  #endHeader(): void {
    this.#inHeader = false;
    const { sink, limits, missingFields } = this.#options;
    this.header.end();
    if (this.header.received > limits.hops) this.refuse({ reply: REPLIES.hops, why: 'hops' });
    // An author who cannot be checked is not let through.
    if (this.header.overlong.has('from')) {
      this.refuse({ reply: REPLIES.fromTooLong, why: 'content' });
    }
    sink.write(Buffer.from(missingFields(this.header), 'latin1'));
  }
}
