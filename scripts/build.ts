/**
 * Makes dist/ of src/ (bundle.ts) and puts what the browser is given into dist/web, the plotting
 * library with it, and the licences of what is in it. Data files are read from config/ beside it.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { webSources } from '../src/dashboard/web-files.ts';
import { bundle } from './bundle.ts';
import { bundledLicences, licenceTexts } from './package/licences.ts';
import { lockedPackages } from './package/locked.ts';
import { root } from './package/run.ts';

const dist = join(root, 'dist');
const web = join(dist, 'web');
rmSync(dist, { recursive: true, force: true });
mkdirSync(web, { recursive: true });
for (const { name, path } of webSources()) copyFileSync(path, join(web, name));
await bundle(dist);
const bundled = lockedPackages('amd64').filter(({ name }) => !name.startsWith('node-linux-'));
writeFileSync(join(dist, bundledLicences), licenceTexts(bundled));
