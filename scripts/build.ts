/**
 * Compiles src/ to dist/ and puts what the browser is given into dist/web, the plotting library with
 * it. Data files are read from config/ beside it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { webSources } from '../src/dashboard/web-files.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules', '.bin', 'tsc');
const { status, error } = spawnSync(compiler, ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (error !== undefined) throw error;
mkdirSync(join(dist, 'web'), { recursive: true });
for (const { name, path } of webSources()) copyFileSync(path, join(dist, 'web', name));
process.exitCode = status ?? 1;
