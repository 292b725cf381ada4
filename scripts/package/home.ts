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
import { type Build, nodeArch } from './build.ts';
import type { LockedPackage } from './locked.ts';
import { output, root } from './run.ts';
import { runtimeFolder } from './runtime.ts';

/**
 * What runs, as one folder: launchers with their own Node, dist/, data and the production dependencies without their
 * maps, types, tests and sources. Throws when a dependency cannot be loaded from it.
 */
export async function homeTree(build: Build, packages: readonly LockedPackage[]): Promise<string> {
  const home = join(build.work, 'home');
  for (const folder of ['bin', 'dist', 'config']) {
    cpSync(join(root, folder), join(home, folder), { recursive: true });
  }
  rmSync(join(home, 'config/completions'), { recursive: true });
  const [runtime, ...dependencies] = packages;
  if (runtime === undefined) throw new Error('package-lock.json names no runtime');
  const from = runtimeFolder(build, runtime);
  copyFileSync(join(from, 'bin/node'), join(home, 'bin/node'));
  chmodSync(join(home, 'bin/node'), 0o755);
  for (const { path } of dependencies) copyDependency(build, path, home);
  copyFileSync(join(from, 'LICENSE'), join(home, 'LICENSE.node'));
  copyFileSync(join(root, 'LICENSE'), join(home, 'LICENSE'));
  const { name, version: _, type, license } = manifest();
  writeFileSync(
    join(home, 'package.json'),
    `${JSON.stringify({ name, version: build.version, type, license })}\n`,
  );
  if (nodeArch[build.arch] === process.arch) tryImports(home);
  return home;
}

function manifest(): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
}

const NOT_AT_RUN_TIME =
  /\.(?:map|[cm]?ts|md|markdown|gyp|gypi|[ch]pp|yml|flow)$|^\.|^AUTHORS|^CHANGELOG|^Makefile$/i;
const FOLDERS_NOT_AT_RUN_TIME = [
  'test',
  'tests',
  '__tests__',
  'docs',
  'example',
  'examples',
  'bench',
  'benchmarks',
];
/** Licences are kept whatever their name ends with. */
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

/** Of one package only: the sources of its library, which is in a binary already. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'node_modules/better-sqlite3': ['deps', 'src'],
};

function copyDependency(build: Build, path: string, home: string): void {
  const source = join(root, path);
  if (!existsSync(source)) throw new Error(`${path} is not installed: run npm ci`);
  const wanted = (file: string): boolean => {
    const name = basename(file);
    const folders = file.split(sep);
    if (name === 'node_modules' || SOURCES[path]?.includes(folders[0] ?? '')) return false;
    if (folders.some((folder) => FOLDERS_NOT_AT_RUN_TIME.includes(folder))) return false;
    if (name.endsWith('.node')) return name === `linux-${nodeArch[build.arch]}.node`;
    return LICENCE.test(name) || !NOT_AT_RUN_TIME.test(name);
  };
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (
      !statSync(join(source, file)).isFile() ||
      !file.split(sep).every((_, depth, all) => wanted(all.slice(0, depth + 1).join(sep)))
    )
      continue;
    mkdirSync(dirname(join(home, path, file)), { recursive: true });
    copyFileSync(join(source, file), join(home, path, file));
  }
}

/** What was left out must not be missed: all that dist/ imports is loaded once. */
function tryImports(home: string): void {
  const dist = join(home, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const imported = files
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [
      ...readFileSync(join(dist, name), 'utf8').matchAll(
        /(?:^(?:import|export)[^;'"]*from |\bimport\()'((?!node:)[a-z@][\w@/.-]*)'/gm,
      ),
    ])
    .map(([, specifier]) => specifier);
  const { dependencies } = manifest() as { dependencies: Readonly<Record<string, string>> };
  const names = [...new Set([...imported, ...Object.keys(dependencies)])];
  const script = join(home, 'try-imports.mjs');
  writeFileSync(script, `for (const name of ${JSON.stringify(names)}) await import(name);`);
  output(join(home, 'bin/node'), [script], { cwd: home });
  rmSync(script);
  output(join(home, 'bin/relayd'), ['--version'], { cwd: home });
}
