import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { SourcePlace } from '../relay/account.ts';
import { type SyntaxFault, syntaxFaults } from './syntax.ts';

/** One step from the root of the file to a value: a key or a list index. */
export type PathPart = string | number;
/** Whether a path means the key of a mapping entry or its value. */
export type Side = 'key' | 'value';

/** relay.yaml as YAML, before the schema: plain values, and where each of them stands. */
export interface ConfigDocument {
  readonly file: string;
  readonly plain: unknown;
  /** The closest thing to the path that exists in the file. */
  placeOf(path: readonly PathPart[], side?: Side): SourcePlace;
}

/** Parses the text. Syntax faults are returned; the plain value is then not to be trusted. */
export function readDocument(
  file: string,
  text: string,
): { document: ConfigDocument; faults: SyntaxFault[] } {
  const lines = new LineCounter();
  const yaml = parsed(text, lines);
  if (yaml === null) {
    const placeOf = (): SourcePlace => ({ file, line: 1, column: 1 });
    return { document: { file, plain: null, placeOf }, faults: [tooDeep] };
  }
  const faults = syntaxFaults(yaml, lines, text);
  const placeAt = (offset: number): SourcePlace => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const document = {
    file,
    plain: faults.length > 0 ? null : plainValue(yaml, faults),
    placeOf: (path: readonly PathPart[], side: Side = 'value') =>
      placeAt(offsetOf(yaml, path, side)),
  };
  return { document, faults };
}

const tooDeep: SyntaxFault = {
  line: 1,
  column: 1,
  message: 'lists or mappings stand inside each other too deeply to be read',
};

/** Null: it is nested more deeply than the parser's recursion goes. */
function parsed(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      // Octets, sets and dates are nothing that a setting could be.
      resolveKnownTags: false,
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

const aliasesMax = 100;

/** The whole as plain values; aliases that would blow it up are a fault. */
function plainValue(yaml: Document.Parsed, faults: SyntaxFault[]): unknown {
  try {
    return yaml.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    if (error instanceof RangeError) {
      faults.push(tooDeep);
      return null;
    }
    if (!(error instanceof ReferenceError)) throw error;
    faults.push({
      line: 1,
      column: 1,
      message: `aliases stand for more than ${aliasesMax} values`,
    });
    return null;
  }
}

/** Walks down as far as the path exists; a missing entry is shown at its parent's key. */
function offsetOf(yaml: Document.Parsed, path: readonly PathPart[], side: Side): number {
  let node: Node | null = yaml.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, part] of path.entries()) {
    const entry = entryOf(isAlias(node) ? (node.resolve(yaml) ?? null) : node, part);
    if (entry === null) return offset;
    const last = depth === path.length - 1;
    const keyWanted = entry.value === null || !last || side === 'key' || !isScalar(entry.value);
    offset = ((keyWanted ? entry.key : null) ?? entry.value)?.range?.[0] ?? offset;
    node = entry.value;
  }
  return offset;
}

function entryOf(
  node: Node | null,
  part: PathPart,
): { key: Node | null; value: Node | null } | null {
  if (isMap<Node, Node | null>(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
    return pair === undefined ? null : { key: pair.key, value: pair.value };
  }
  if (isSeq<Node>(node) && typeof part === 'number') {
    const value = node.items[part];
    return value === undefined ? null : { key: null, value };
  }
  return null;
}
