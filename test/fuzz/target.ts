import fc from 'fast-check';

/** Bytes as latin1 text, in the pieces in which they arrive. */
export type Pieces = readonly string[];

/** Something that reads what strangers wrote. */
export interface Target {
  /** Words that lead somewhere, so that random input reaches what lies behind the first check. */
  readonly words: readonly string[];
  /** Pieces in one input at most. */
  readonly piecesMax: number;
  /** Inputs to begin with, besides those of the corpus. */
  readonly seeds?: readonly Pieces[];
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Rejects when the program did with this input what it must never do. */
  run(pieces: Pieces): Promise<void>;
  close(): Promise<void>;
}

interface Mutation {
  readonly is: 'insert' | 'repeat' | 'drop' | 'swap' | 'split' | 'join' | 'byte';
  readonly at: number;
  readonly to: number;
  readonly word: string;
}

/** Words in a row, or a known input with something done to it. */
export function inputs({ words, piecesMax, seeds = [] }: Target, kept: readonly Pieces[]) {
  const corpus = [...seeds, ...kept];
  const noise = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => Buffer.from(text).toString('latin1')),
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\0',
      '\xff',
      ' ',
      '\t',
      '.',
      ':',
      '\x1b[',
      '\u00e2\u0080\u00ae',
    ),
    fc
      .tuple(
        fc.constantFrom('a', ' ', '<', '(', '"', '\\', '[', '\x00', '\r\n', '1'),
        fc.nat(5_000),
      )
      .map(([letter, times]) => letter.repeat(times)),
  );
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: noise },
  );
  const piece = fc.array(word, { minLength: 1, maxLength: 6 }).map((some) => some.join(''));
  const grown = fc.array(piece, { maxLength: piecesMax });
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    is: fc.constantFrom('insert', 'repeat', 'drop', 'swap', 'split', 'join', 'byte'),
    at: fc.nat(10_000),
    to: fc.nat(10_000),
    word,
  });
  if (corpus.length === 0) return grown;
  const mutated = fc
    .tuple(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 8 }))
    .map(([known, changes]) => changes.reduce(mutate, known));
  return fc.oneof(grown, mutated);
}

function mutate(pieces: Pieces, { is, at, to, word }: Mutation): Pieces {
  const place = at % Math.max(1, pieces.length);
  const text = pieces[place] ?? '';
  const cut = to % (text.length + 1);
  const put = (...instead: string[]): Pieces => pieces.toSpliced(place, 1, ...instead);
  switch (is) {
    case 'insert':
      return put(text.slice(0, cut) + word + text.slice(cut));
    case 'repeat':
      return put(text, text);
    case 'drop':
      return put(text.slice(0, cut));
    case 'swap':
      return put(pieces[to % pieces.length] ?? '');
    case 'split':
      return put(text.slice(0, cut), text.slice(cut));
    case 'join':
      return pieces.toSpliced(place, 2, text + (pieces[place + 1] ?? ''));
    case 'byte':
      return put(text.slice(0, cut) + String.fromCharCode(at & 0xff) + text.slice(cut + 1));
  }
}
