import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isObject } from './check.ts';
import { type PathPart, readDocument } from './document.ts';
import { formatPath } from './problem.ts';

/** Something outside of relay.yaml that it refers to, for the daemon to read. */
export interface NamedSource {
  /** `accounts.gmail.password` */
  readonly path: string;
  readonly is: 'file' | 'environment' | 'credential' | 'program';
  /** An absolute file name, the name of a variable or credential, or a program as it is written. */
  readonly name: string;
}

/** Keys that name a file with their text. */
const FILE_KEYS: readonly PathPart[] = ['certificate', 'key', 'ca'];

/** All that a relay.yaml without errors refers to, in the order of the file. */
export function namedSources(file: string): NamedSource[] {
  const { document } = readDocument(file, readFileSync(file, 'utf8'));
  const found: NamedSource[] = [];
  walk(document.plain, [], (path, value) => {
    const add = (is: NamedSource['is'], name: string, depth: number): void => {
      found.push({ path: formatPath(path.slice(0, depth)), is, name });
    };
    const [key, parent] = [path.at(-1) ?? '', path.at(-2)];
    const inEntry = path[0] === 'listeners' || path[0] === 'accounts';
    if (Array.isArray(value)) {
      if (key === 'command') add('program', String(value[0]), -1);
    } else if (typeof value === 'string') {
      // Header fields may have any name.
      if (['headers', 'header', 'add'].includes(String(parent))) return;
      const absolute = resolve(dirname(file), value);
      if (inEntry && FILE_KEYS.includes(key) && path.length > 2) add('file', absolute, path.length);
      else if (key === 'file') add('file', absolute, -1);
      else if (key === 'env') add('environment', value, -1);
      else if (key === 'credential') add('credential', value, -1);
    }
  });
  return found;
}

type Visit = (path: readonly PathPart[], value: unknown) => void;

function walk(value: unknown, path: readonly PathPart[], visit: Visit): void {
  visit(path, value);
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) walk(entry, [...path, index], visit);
  } else if (isObject(value)) {
    for (const [key, entry] of Object.entries(value)) walk(entry, [...path, key], visit);
  }
}
