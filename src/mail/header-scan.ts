const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

/** RFC 5322 section 2.1.1: no line is longer, so no field name is. */
const nameBytesMax = 998;

export interface HeaderScanOptions {
  /** Fields (lower case) whose values are wanted, and how many octets of one value at most. */
  readonly capture: ReadonlyMap<string, number>;
  /** Fields (lower case) to leave out. */
  readonly remove: Pick<ReadonlySet<string>, 'has'>;
  /** Gets the header's bytes without removed fields and without the blank line. */
  readonly emit: (piece: Buffer) => void;
}

/**
 * Goes through the header of a message as it streams by (CRLF line ends, RFC 5322 section 2.2):
 * keeps the values it is asked for, leaves fields out, counts Received. Memory does not grow with
 * the header: of a field at most what `capture` allows is kept, and of an unfinished line only its
 * name.
 */
export class HeaderScan {
  readonly #options: HeaderScanOptions;
  readonly #values = new Map<string, string[]>();
  readonly #overlong = new Set<string>();
  #place: 'line-start' | 'name' | 'value' | 'blank' = 'line-start';
  #received = 0;
  #high = 0;
  #fields = 0;
  /** The field at hand is left out. */
  #removing = false;
  /** The field at hand, when its value is wanted. */
  #wanted: { readonly name: string; value: string; roomBytes: number } | null = null;
  /** Beginning of a line whose name is not complete, from an earlier piece. */
  #held = '';
  #piece: Buffer = Buffer.alloc(0);
  /** First byte of the piece that is neither emitted nor left out. */
  #start = 0;

  constructor(options: HeaderScanOptions) {
    this.#options = options;
  }

  /** Received fields so far. */
  get received(): number {
    return this.#received;
  }

  /** An octet above 127 is in the fields kept. */
  get utf8(): boolean {
    return this.#high > 127;
  }

  /**
   * Unfolded values in order of appearance; keys in lower case. Complete once the header has ended.
   */
  get values(): ReadonlyMap<string, readonly string[]> {
    return this.#values;
  }

  /** Fields with a value longer than `capture` allows; what is kept of it is its beginning. */
  get overlong(): ReadonlySet<string> {
    return this.#overlong;
  }

  /** After the header ended with a line that is no field: what came of it with earlier pieces. */
  get heldBack(): Buffer {
    return Buffer.from(this.#held, 'latin1');
  }

  /**
   * Takes the next bytes. Returns how many belong to the header, its blank line included, or -1
   * when all do and the end has not come. A line that is no field ends the header, too: it is the
   * first of the body.
   */
  push(piece: Buffer): number {
    this.#piece = piece;
    this.#start = 0;
    let index = 0;
    let line = 0;
    while (index < piece.length) {
      if (this.#place === 'value') {
        index = this.#readValue(index);
      } else if (this.#place === 'blank') {
        return index + 1;
      } else if (this.#place === 'line-start') {
        line = index;
        index = this.#startLine(index);
      } else {
        const end = nameEnd(piece, index, this.#held);
        const isField = end >= 0 && this.#held.length + end - line <= nameBytesMax;
        if (!isField || end === piece.length) {
          this.#emitUpTo(line);
          if (!isField) return line;
          this.#held += piece.toString('latin1', line);
          return -1;
        }
        this.#onName(line, end);
        index = end + 1;
      }
    }
    this.#emitUpTo(piece.length);
    return -1;
  }

  /** The message ended within its header. */
  end(): void {
    this.#closeField();
  }

  /** Returns the index to go on from. */
  #startLine(index: number): number {
    const byte = this.#piece[index];
    if ((byte === SPACE || byte === TAB) && this.#fields > 0) {
      this.#place = 'value';
      return index;
    }
    this.#closeField();
    if (byte !== CR) {
      this.#place = 'name';
      return index;
    }
    this.#emitUpTo(index);
    this.#place = 'blank';
    this.#start = index + 1;
    return index + 1;
  }

  /** The name of the field that starts at `line` ends at `colon`. */
  #onName(line: number, colon: number): void {
    const wasRemoving = this.#removing;
    const name = (this.#held + this.#piece.toString('latin1', line, colon)).trimEnd().toLowerCase();
    const removing = this.#options.remove.has(name);
    if (removing) this.#emitUpTo(line);
    else if (this.#held !== '') this.#options.emit(Buffer.from(this.#held, 'latin1'));
    if (removing || wasRemoving) this.#start = line;
    this.#removing = removing;
    this.#held = '';
    this.#place = 'value';
    this.#fields += 1;
    if (name === 'received') this.#received += 1;
    const roomBytes = this.#options.capture.get(name);
    if (roomBytes !== undefined) this.#wanted = { name, value: '', roomBytes };
  }

  /**
   * Reads the rest of a field's line. Returns where the next line starts, or the piece's length.
   */
  #readValue(from: number): number {
    const piece = this.#piece;
    let index = from;
    let seen = 0;
    while (index < piece.length && piece[index] !== LF) {
      seen |= piece[index] as number;
      index += 1;
    }
    if (!this.#removing) this.#high |= seen;
    // RFC 5322 section 2.2.3: unfolding takes out the CRLF, the white space stays.
    this.#keep(from, index > from && piece[index - 1] === CR ? index - 1 : index);
    if (index === piece.length) return index;
    this.#place = 'line-start';
    return index + 1;
  }

  #keep(from: number, to: number): void {
    if (this.#wanted === null) return;
    const end = Math.min(to, from + this.#wanted.roomBytes);
    if (end < to) this.#overlong.add(this.#wanted.name);
    this.#wanted.value += this.#piece.toString('latin1', from, end);
    this.#wanted.roomBytes -= end - from;
  }

  #closeField(): void {
    if (this.#wanted === null) return;
    const { name, value } = this.#wanted;
    const seen = this.#values.get(name);
    if (seen === undefined) this.#values.set(name, [decoded(value)]);
    else seen.push(decoded(value));
    this.#wanted = null;
  }

  #emitUpTo(end: number): void {
    if (!this.#removing && end > this.#start) {
      this.#options.emit(this.#piece.subarray(this.#start, end));
    }
    this.#start = Math.max(this.#start, end);
  }
}

/**
 * Index of the colon that ends a field name, the piece's length when it has not come, -1 when the
 * line is no field. RFC 5322 section 2.2: printable ASCII but the colon; section 4.5 lets white
 * space stand before it.
 */
function nameEnd(piece: Buffer, from: number, held: string): number {
  let spaced = /[ \t]$/.test(held);
  for (let index = from; index < piece.length; index++) {
    const byte = piece[index] as number;
    const first = index === from && held === '';
    if (byte === COLON) return first ? -1 : index;
    const white = byte === SPACE || byte === TAB;
    if (white ? first : byte < 33 || byte > 126 || spaced) return -1;
    spaced = white;
  }
  return piece.length;
}

function decoded(latin1: string): string {
  const octets = /[\x80-\xff]/.test(latin1);
  return (octets ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1).trim();
}
