import { logicalLines } from '../logical-lines.ts';
import type { FileReader, Note, Place } from '../model.ts';

export interface Entry {
  /** '' answers every question (`static:`). */
  readonly key: string;
  readonly value: string;
  readonly at: Place;
}

/** Tables that are made from a text file of the same name. */
const FROM_TEXT = /^(?:hash|btree|lmdb|cdb|dbm|sdbm|texthash)$/;

interface Around {
  readonly read: FileReader;
  readonly note: Note;
  /** The parameter that names the tables. */
  readonly at: Place;
  readonly name: string;
  readonly defaultType: string;
}

/** The entries of all tables of a list, in order; those that cannot be read are noted. */
export function readTables(list: string, around: Around): Entry[] {
  const tables = list.match(/inline:\s*\{(?:[^{}]|\{[^{}]*\})*\}|static:\{[^{}]*\}|[^\s,]+/g) ?? [];
  return tables.flatMap((table) => readTable(table, around));
}

function readTable(table: string, around: Around): Entry[] {
  const [, type = around.defaultType, path = ''] =
    /^(?:proxy:)?(?:([a-z]+):)?(.*)$/s.exec(table) ?? [];
  const { at, note, name } = around;
  if (type === 'static') return [{ key: '', value: path.replace(/^\{\s*|\s*\}$/g, ''), at }];
  if (type === 'inline') return inlineEntries(path, at);
  if (!FROM_TEXT.test(type)) {
    note(
      'left-out',
      at,
      `${name}: ${type}:${path}`,
      'only tables with a text file are read; export it to one, or use `import sql`',
    );
    return [];
  }
  const text = around.read(path);
  if (text === null) {
    note('left-out', at, `${name}: ${path}`, 'the file cannot be read');
    return [];
  }
  return logicalLines(text).flatMap(({ text: line, line: number }) => {
    const [, key, value] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    const place = { file: path, line: number };
    return key === undefined || value === undefined
      ? []
      : [{ key, value: value.trim(), at: place }];
  });
}

/** `inline:{key=value, {key = text with spaces}}` */
function inlineEntries(text: string, at: Place): Entry[] {
  const inner = text.trim().replace(/^\{|\}$/g, '');
  return [
    ...inner.matchAll(/\{\s*([^=\s]+)\s*=\s*([^}]*?)\s*\}|([^\s,={}]+)\s*=\s*([^\s,{}]+)/g),
  ].map(([, longKey, longValue, key, value]) => ({
    key: longKey ?? key ?? '',
    value: longValue ?? value ?? '',
    at,
  }));
}

/** The entry of an address: `user@domain`, then `@domain` (postfix's mail_addr_find). */
export function findAddress(entries: readonly Entry[], address: string): Entry | null {
  const lower = address.toLowerCase();
  const at = lower.lastIndexOf('@');
  const plain = lower.replace(/\+[^@]*@/, '@');
  return find(entries, [lower, plain, lower.slice(at)]);
}

/** The entry of a recipient in transport_maps: address, domain, `.parent`, `*`. */
export function findRecipient(entries: readonly Entry[], address: string): Entry | null {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  const parents = domain
    .split('.')
    .map((_, index, labels) => `.${labels.slice(index + 1).join('.')}`);
  return find(entries, [address, domain, ...parents.slice(0, -1), '*']);
}

/** The entry of the first key that has one. */
export function find(entries: readonly Entry[], keys: readonly string[]): Entry | null {
  for (const key of [...keys, '']) {
    const found = entries.find((entry) => entry.key.toLowerCase() === key.toLowerCase());
    if (found !== undefined) return found;
  }
  return null;
}
