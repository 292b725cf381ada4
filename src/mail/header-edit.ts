import { headerField } from './dsn-field.ts';
import { parseMailboxes } from './header-address.ts';
import { HeaderScan } from './header-scan.ts';

export interface HeaderChange {
  /** Fields to leave out: names in lower case, `x-ses-*` for all that begin like that. */
  readonly remove: readonly string[];
  /** The address that From and Sender get in place of theirs; null: they stay. */
  readonly from: string | null;
}

const crlf = Buffer.from('\r\n');

/** Of a From field; a longer one is not accepted. Of the others this much is enough for a name. */
const valueBytesMax = 64 * 1024;

/**
 * Changes the header of a message that streams by, in constant memory (CRLF line ends). What stays
 * keeps its bytes, folding included; what is new stands at the end of the header; the body passes
 * as it is.
 */
export class HeaderEdit {
  readonly #change: HeaderChange;
  readonly #scan: HeaderScan;
  #pieces: Buffer[] = [];
  #inHeader = true;
  #unfinishedLine = false;

  constructor(change: HeaderChange) {
    this.#change = change;
    const wanted = change.from === null ? [] : ['from', 'sender', 'reply-to'];
    this.#scan = new HeaderScan({
      capture: new Map(wanted.map((name) => [name, valueBytesMax])),
      remove: { has: fieldMatcher(change) },
      emit: (piece) => {
        this.#pieces.push(piece);
        this.#unfinishedLine = piece.at(-1) !== crlf[1];
      },
    });
  }

  /** Whether the header has ended: what follows passes as it is. */
  get passed(): boolean {
    return !this.#inHeader;
  }

  /** What goes on in place of `chunk`. */
  push(chunk: Buffer): Buffer[] {
    if (!this.#inHeader) return [chunk];
    const used = this.#scan.push(chunk);
    if (used >= 0) {
      this.#endHeader();
      this.#pieces.push(crlf, this.#scan.heldBack, chunk.subarray(used));
    }
    return this.#take();
  }

  /** What is left when the message has ended, which may be within its header. */
  end(): Buffer[] {
    if (!this.#inHeader) return [];
    const { heldBack } = this.#scan;
    this.#endHeader();
    if (heldBack.length > 0) this.#pieces.push(crlf, heldBack);
    return this.#take();
  }

  #endHeader(): void {
    this.#inHeader = false;
    this.#scan.end();
    if (this.#change.from === null) return;
    if (this.#unfinishedLine) this.#pieces.push(crlf);
    this.#pieces.push(Buffer.from(authorFields(this.#scan.values, this.#change.from)));
  }

  #take(): Buffer[] {
    const pieces = this.#pieces.filter(({ length }) => length > 0);
    this.#pieces = [];
    return pieces;
  }
}

function fieldMatcher({ remove, from }: HeaderChange): (name: string) => boolean {
  const names = new Set(remove.filter((name) => !name.endsWith('*')));
  const beginnings = remove.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  if (from !== null) names.add('from').add('sender');
  return (name) => names.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}

/**
 * RFC 5322 section 3.6.2: one author, under the name that the first one had. Answers still go to
 * who wrote it: the former From field becomes Reply-To where there is none.
 */
function authorFields(values: HeaderScan['values'], address: string): string {
  const [from = ''] = values.get('from') ?? [];
  const [sender] = values.get('sender') ?? [];
  const authors = parseMailboxes(from) ?? [];
  const renamed = (name: string | undefined): string => {
    return name === undefined || name === '' ? address : `${name} <${address}>`;
  };
  let fields = headerField('From', renamed(authors[0]?.name));
  if (sender !== undefined) {
    fields += headerField('Sender', renamed(parseMailboxes(sender)?.[0]?.name));
  }
  const answers = values.has('reply-to') || authors.length === 0;
  return answers ? fields : fields + headerField('Reply-To', from);
}
