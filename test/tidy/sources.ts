import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Source {
  /** Path from the project's root, `src/mail/reply.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** Every TypeScript file below a folder of the project. */
export function sourcesBelow(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const text = readFileSync(join(root, folder, name), 'utf8');
      return { path: join(folder, name), text, lines: text.split('\n') };
    });
}

export interface Import {
  readonly from: string;
  /** Path from the root for our own files, the bare specifier otherwise. */
  readonly to: string;
  readonly own: boolean;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]|entryFile\('([^']+)'\)/g;

/** Imports of one file: static, type-only, dynamic, and the entries that `entryFile` names. */
export function importsOf(source: Source): Import[] {
  return [...source.text.matchAll(IMPORT)].map((match) => {
    const [, fromSpecifier, importSpecifier, bareSpecifier, entry] = match;
    if (entry !== undefined) return { from: source.path, to: `src/${entry}.ts`, own: true };
    const specifier = fromSpecifier ?? importSpecifier ?? bareSpecifier ?? '';
    const own = specifier.startsWith('.');
    const to = own ? relative(root, resolve(root, dirname(source.path), specifier)) : specifier;
    return { from: source.path, to, own };
  });
}

/** The layer folder of a path below src/. */
export function layerOf(path: string): string {
  return path.split('/')[1] ?? '';
}
