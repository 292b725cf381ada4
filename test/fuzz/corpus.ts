import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pieces } from './target.ts';

/** Inputs that once broke something, and some that lead far: `corpus/TARGET/*.json`. */
export function corpusOf(target: string): (readonly [name: string, pieces: Pieces])[] {
  const folder = join(import.meta.dirname, 'corpus', target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const pieces: Pieces = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    return [name, pieces];
  });
}
