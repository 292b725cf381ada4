import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { NOT_BUNDLED } from '../bundle.ts';
import { type Build, nodeArch } from './build.ts';
import { bundledLicences } from './licences.ts';
import type { LockedPackage } from './locked.ts';
import { output, root } from './run.ts';
import { runtimeFolder } from './runtime.ts';

/**
 * What runs, as one folder: launchers with their own Node, dist/, data and the one dependency that is not in dist/.
 * Throws when it does not run.
 */
export async function homeTree(build: Build, packages: readonly LockedPackage[]): Promise<string> {
  const home = join(build.work, 'home');
  for (const folder of ['bin', 'dist', 'config']) {
    cpSync(join(root, folder), join(home, folder), { recursive: true });
  }
  rmSync(join(home, 'config/completions'), { recursive: true });
  // The package has a longer one.
  rmSync(join(home, 'dist', bundledLicences));
  const [runtime, ...dependencies] = packages;
  if (runtime === undefined) throw new Error('package-lock.json names no runtime');
  const from = runtimeFolder(build, runtime);
  copyFileSync(join(from, 'bin/node'), join(home, 'bin/node'));
  chmodSync(join(home, 'bin/node'), 0o755);
  for (const { path, name } of dependencies) {
    if (NOT_BUNDLED.includes(name)) copyDependency(build, path, home);
  }
  copyFileSync(join(from, 'LICENSE'), join(home, 'LICENSE.node'));
  copyFileSync(join(root, 'LICENSE'), join(home, 'LICENSE'));
  const { name, version: _, type, license } = manifest();
  writeFileSync(
    join(home, 'package.json'),
    `${JSON.stringify({ name, version: build.version, type, license })}\n`,
  );
  if (nodeArch[build.arch] === process.arch) tryIt(home);
  return home;
}

function manifest(): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}

/** Sources of a library that is in the binary already. */
const NOT_AT_RUN_TIME = /\.(?:gyp|md)$/;
const FOLDERS_NOT_AT_RUN_TIME = ['deps', 'src'];

function copyDependency(build: Build, path: string, home: string): void {
  const source = join(root, path);
  if (!existsSync(source)) throw new Error(`${path} is not installed: run npm ci`);
  const wanted = (file: string): boolean => {
    const [folder = ''] = file.split(sep);
    if (FOLDERS_NOT_AT_RUN_TIME.includes(folder)) return false;
    if (file.endsWith('.node')) return basename(file) === `linux-${nodeArch[build.arch]}.node`;
    return !NOT_AT_RUN_TIME.test(file) && statSync(join(source, file)).isFile();
  };
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!wanted(file)) continue;
    mkdirSync(dirname(join(home, path, file)), { recursive: true });
    copyFileSync(join(source, file), join(home, path, file));
  }
}

/** What was left out must not be missed. */
function tryIt(home: string): void {
  const script = "new (require('better-sqlite3'))(':memory:').close()";
  output(join(home, 'bin/node'), ['--eval', script], { cwd: home });
  for (const program of ['relayd', 'relayctl']) {
    output(join(home, 'bin', program), ['--version'], { cwd: home });
  }
}
