import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's root, the same from src/ and from dist/: config/ and man/ lie in it. */
export const packageRoot = join(import.meta.dirname, '..', '..');

/** Version of package.json. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}
