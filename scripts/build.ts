/**
 * Makes dist/ of src/ (bundle.ts) and puts what the browser is given into dist/web, the plotting
 * library with it. Data files are read from config/ beside it.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { webSources } from '../src/dashboard/web-files.ts';
import { bundle } from './bundle.ts';

const root = join(import.meta.dirname, '..');
const web = join(root, 'dist/web');
rmSync(join(root, 'dist'), { recursive: true, force: true });
mkdirSync(web, { recursive: true });
for (const { name, path } of webSources()) copyFileSync(path, join(web, name));
await bundle(root);
