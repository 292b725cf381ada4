import { logicalLines } from '../logical-lines.ts';
import { matchesWild } from './lists.ts';
import { Unsupported } from './scope.ts';

/** A file of `key: value` lines, as lsearch reads it. */
export interface MapEntry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export function readMap(text: string): MapEntry[] {
  return logicalLines(text).map(({ text: entry, line }) => {
    const [, quoted, bare = '', value = ''] =
      /^(?:"((?:[^"\\]|\\.)*)"|([^\s:]*))\s*:?\s*(.*)$/.exec(entry) ?? [];
    return { key: quoted?.replace(/\\(.)/g, '$1') ?? bare, value, line };
  });
}

/**
 * `lsearch`, `lsearch*`, `lsearch*@`, `wildlsearch`, `nwildlsearch`: the value of the first entry that
 * fits. Exim reads files of other kinds with other libraries: they are not read here.
 */
export function search(type: string, key: string, entries: readonly MapEntry[]): MapEntry | null {
  const [kind = '', ...options] = type.split(',');
  const [, base = '', fallback = ''] =
    /^(n?wildlsearch|lsearch|iplsearch)(\*@|\*)?$/.exec(kind) ?? [];
  if (base === '')
    throw new Unsupported(`it asks a ${kind} map; write it as a text file for lsearch`);
  const wanted = key.toLowerCase();
  const exact = (name: string): MapEntry | undefined =>
    entries.find((entry) => entry.key.toLowerCase() === name);
  const found =
    base === 'lsearch' || base === 'iplsearch'
      ? exact(wanted)
      : entries.find((entry) => matchesWild(entry.key.toLowerCase(), wanted));
  const domain =
    key.includes('@') && fallback === '*@' ? exact(`*@${wanted.split('@')[1]}`) : undefined;
  const usual = fallback === '' ? undefined : exact('*');
  const entry = found ?? domain ?? usual;
  if (entry === undefined) return null;
  return options.includes('ret=key') ? { ...entry, value: key } : entry;
}
