import { join } from 'node:path';
import { packageRoot } from './version.ts';

/**
 * The file that a process or a thread of ours begins with, as source or built.
 *
 * @param path below src/, without extension: `threads/storage-thread`
 */
export function entryFile(path: string): string {
  return import.meta.url.endsWith('.ts')
    ? join(packageRoot, 'src', `${path}.ts`)
    : join(packageRoot, 'dist', `${path}.js`);
}
