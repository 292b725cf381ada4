/*
 * Reads the wire form of a message (RFC 5321 section 4.5.2): finds the end, takes stuffed dots out,
 * and turns a CR or LF that stands alone into CRLF. It goes byte by byte through these states,
 * whatever the segments:
 *
 * LINE_START   after CRLF, or at the very start: only here can a dot belong to the end mark
 * TEXT         inside a line
 * CR_SEEN      a CR that may be half of a CRLF
 * DOT_SEEN     a dot at LINE_START, stuffing or the end mark: held back
 * DOT_CR_SEEN  that dot and a CR, with LF the end mark: held back
 * SOFT_START   after an LF alone: a line to the client, but no place where the end mark counts
 * SOFT_DOT     a dot at SOFT_START: held back
 *
 * A client that ends lines with LF alone has stuffed dots after LF, too (Python's smtplib given
 * bytes), so of two dots at SOFT_START one goes; a single one there is content.
 */
const LINE_START = 0;
const TEXT = 1;
const CR_SEEN = 2;
const DOT_SEEN = 3;
const DOT_CR_SEEN = 4;
const SOFT_START = 5;
const SOFT_DOT = 6;

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
const crlf = Buffer.from('\r\n');
const dot = Buffer.from('.');
const bytesOfWord = Int32Array.BYTES_PER_ELEMENT;
const noWords = new Int32Array(0);

export class DataDecoder {
  readonly #emit: (piece: Buffer) => void;
  #state = LINE_START;
  #bareNewline = false;
  #nul = false;
  #high = 0;
  #chunk: Buffer = crlf;
  /** First byte of the chunk that is not emitted yet. */
  #start = 0;
  /** The chunk but for its unaligned ends, and the index of the first byte in it. */
  #words: Int32Array = noWords;
  #wordsFrom = 0;

  /** `emit` gets slices of the chunks pushed; CR and LF of one line end are never parted. */
  constructor(emit: (piece: Buffer) => void) {
    this.#emit = emit;
  }

  /** A CR or LF stood alone. */
  get bareNewline(): boolean {
    return this.#bareNewline;
  }

  get nul(): boolean {
    return this.#nul;
  }

  /** An octet above 127 was seen. */
  get eightBit(): boolean {
    return (this.#high & 0x80808080) !== 0;
  }

  /**
   * Takes the next wire bytes and emits what they mean. Returns how many of them belong to the
   * message, end mark included, or -1 when all do and the end has not come.
   */
  push(chunk: Buffer): number {
    this.#chunk = chunk;
    this.#start = 0;
    this.#lookAtWords(chunk);
    let state = this.#state;
    let index = 0;
    while (index < chunk.length) {
      if (state === TEXT) {
        index = this.#textEnd(chunk, index);
        if (index === chunk.length) break;
      }
      const byte = chunk[index] as number;
      // The end of data is CRLF "." CRLF and nothing else (RFC 5321 section 4.1.1.4).
      if (state === DOT_CR_SEEN && byte === LF) return index + 1;
      state = this.#step(state, byte, index);
      index++;
    }
    this.#state = state;
    if (state === CR_SEEN) this.#emitUpTo(chunk.length - 1);
    else if (state === LINE_START || state === TEXT || state === SOFT_START) {
      this.#emitUpTo(chunk.length);
    }
    return -1;
  }

  #lookAtWords({ buffer, byteOffset, length }: Buffer): void {
    const from = (bytesOfWord - (byteOffset % bytesOfWord)) % bytesOfWord;
    const words = Math.max(0, Math.floor((length - from) / bytesOfWord));
    this.#wordsFrom = from;
    this.#words = words === 0 ? noWords : new Int32Array(buffer, byteOffset + from, words);
  }

  /**
   * Where the text at `index` ends: at a byte up to CR, or with the chunk. A CRLF with an ordinary line
   * behind it is passed over, too. Nearly all of a message is, so it goes four bytes at a time while
   * none of them is up to CR.
   */
  #textEnd(chunk: Buffer, index: number): number {
    const words = this.#words;
    const from = this.#wordsFrom;
    let high = this.#high;
    let end = index;
    while (end < chunk.length) {
      if (end >= from && (end - from) % bytesOfWord === 0) {
        let at = (end - from) / bytesOfWord;
        while (at < words.length && !hasControl(words[at] as number)) high |= words[at++] as number;
        end = from + at * bytesOfWord;
        if (end === chunk.length) break;
      }
      const byte = chunk[end] as number;
      if (byte > CR) {
        high |= byte;
        end++;
      } else if (byte === CR && isOrdinaryLine(chunk, end + 1)) end += 2;
      else break;
    }
    this.#high = high;
    return end;
  }

  #step(state: number, byte: number, index: number): number {
    switch (state) {
      case LINE_START:
        return byte === DOT ? this.#holdDot(index, DOT_SEEN) : this.#inText(byte, index);
      case SOFT_START:
        return byte === DOT ? this.#holdDot(index, SOFT_DOT) : this.#inText(byte, index);
      case CR_SEEN:
        return this.#afterCr(byte, index);
      case DOT_SEEN:
        return this.#afterDot(byte, index);
      case SOFT_DOT:
        this.#start = index;
        if (byte !== DOT) this.#emit(dot);
        return this.#inText(byte, index);
      case DOT_CR_SEEN:
        // A dot and a CR alone: the line `.` was content.
        this.#emit(dot);
        this.#newlineBefore(index);
        return this.#inText(byte, index);
      default:
        return this.#inText(byte, index);
    }
  }

  #inText(byte: number, index: number): number {
    if (byte === CR) return CR_SEEN;
    if (byte === LF) {
      this.#emitUpTo(index);
      this.#newlineBefore(index + 1);
      return SOFT_START;
    }
    if (byte === NUL) this.#nul = true;
    this.#high |= byte;
    return TEXT;
  }

  #afterCr(byte: number, index: number): number {
    if (byte === LF) {
      if (index === 0) {
        // The CR was the last byte of the chunk before and is not emitted yet.
        this.#emit(crlf);
        this.#start = 1;
      }
      return LINE_START;
    }
    if (index > 0) this.#emitUpTo(index - 1);
    this.#newlineBefore(index);
    return this.#inText(byte, index);
  }

  #afterDot(byte: number, index: number): number {
    if (byte === CR) return DOT_CR_SEEN;
    if (byte !== LF) {
      // Other characters follow on the line: the dot was stuffing (RFC 5321 section 4.5.2).
      this.#start = index;
      return this.#inText(byte, index);
    }
    this.#emit(dot);
    this.#newlineBefore(index + 1);
    return SOFT_START;
  }

  #holdDot(index: number, next: number): number {
    this.#emitUpTo(index);
    this.#start = index + 1;
    return next;
  }

  /** A line ended without CRLF before `next`: what stood there is replaced. */
  #newlineBefore(next: number): void {
    this.#bareNewline = true;
    this.#emit(crlf);
    this.#start = next;
  }

  #emitUpTo(end: number): void {
    if (end > this.#start) this.#emit(this.#chunk.subarray(this.#start, end));
  }
}

/**
 * Whether one of the four bytes is CR or below: taking 14 from it borrows into its highest bit, and
 * it had none there before.
 */
function hasControl(word: number): boolean {
  return ((word - 0x0e0e0e0e) & ~word & 0x80808080) !== 0;
}

/** At `lf` there is an LF, and behind it a line that begins with neither dot nor control. */
function isOrdinaryLine(chunk: Buffer, lf: number): boolean {
  return lf + 1 < chunk.length && chunk[lf] === LF && (chunk[lf + 1] as number) > DOT;
}
