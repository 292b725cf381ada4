const DOT = 0x2e;
const LF = 0x0a;
const CR = 0x0d;
const extraDot = Buffer.from('.');

/** What ends a message: `.` CRLF on a line of its own (RFC 5321 section 4.1.1.4). */
const endOfLineAndData = Buffer.from('\r\n.\r\n');
const endOfData = endOfLineAndData.subarray(2);

/**
 * RFC 5321 section 4.5.2 over a body that comes in pieces: a line that starts with a dot gets
 * another one. The body has CRLF line ends only (intake saw to it), so that every other byte passes
 * as it is.
 */
export class DotStuffing {
  #last = LF;
  #beforeLast = CR;

  /** The pieces to write in place of `chunk`; no byte is copied. */
  add(chunk: Buffer): Buffer[] {
    if (chunk.length === 0) return [];
    const pieces: Buffer[] = [];
    let from = 0;
    if (chunk[0] === DOT && this.#last === LF) pieces.push(extraDot);
    for (;;) {
      const found = chunk.indexOf('\n.', from, 'latin1');
      if (found < 0) break;
      pieces.push(chunk.subarray(from, found + 1), extraDot);
      from = found + 1;
    }
    pieces.push(chunk.subarray(from));
    this.#beforeLast = chunk.length > 1 ? (chunk[chunk.length - 2] ?? CR) : this.#last;
    this.#last = chunk[chunk.length - 1] ?? LF;
    return pieces;
  }

  /** What must follow the last piece: a body whose last line is unfinished gets its CRLF. */
  end(): Buffer {
    return this.#last === LF && this.#beforeLast === CR ? endOfData : endOfLineAndData;
  }
}

/** A whole body with its dots stuffed and the end of data, in pieces. */
export function stuffed(parts: readonly Buffer[]): Buffer[] {
  const stuffing = new DotStuffing();
  const pieces = parts.flatMap((part) => stuffing.add(part));
  pieces.push(stuffing.end());
  return pieces;
}
