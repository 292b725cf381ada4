import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

const root = join(import.meta.dirname, '../..');
/** Older than any that is released. */
export const earlierVersion = '0.0.1';

export interface Packages {
  /** What `npm run package` made. */
  readonly folder: string;
  /** relayd as an earlier version: the same program in a package with a lower number. */
  readonly earlier: string;
  readonly version: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    packages: Packages;
  }
}

/** Builds the packages once for all tests; $RELAYD_PACKAGES names a folder that has them already. */
export function setup(project: TestProject): () => void {
  const work = mkdtempSync(join(tmpdir(), 'relayd-packages-'));
  const folder = process.env.RELAYD_PACKAGES ?? join(work, 'new');
  if (process.env.RELAYD_PACKAGES === undefined) buildPackages(folder);
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  project.provide('packages', { folder, earlier: earlierFrom(folder, work), version });
  return () => rmSync(work, { recursive: true, force: true });
}

export function buildPackages(folder: string): void {
  execFileSync(process.execPath, [join(root, 'scripts/package.ts'), '--out', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function earlierFrom(folder: string, work: string): string {
  const [deb = ''] = readdirSync(folder).filter((name) => /^relayd_.*_amd64\.deb$/.test(name));
  const tree = join(work, 'earlier');
  execFileSync('dpkg-deb', ['-R', join(folder, deb), tree]);
  const edit = (path: string, pattern: RegExp, by: string): void => {
    const file = join(tree, path);
    writeFileSync(file, readFileSync(file, 'utf8').replace(pattern, by));
  };
  edit('DEBIAN/control', /^Version: .*$/m, `Version: ${earlierVersion}`);
  edit('usr/lib/relayd/package.json', /"version":"[^"]*"/, `"version":"${earlierVersion}"`);
  const file = join(work, `relayd_${earlierVersion}_amd64.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Znone', '-b', tree, file]);
  return file;
}
