import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, nodeArch } from './build.ts';
import { root } from './run.ts';

/** A package of package-lock.json that is needed at run time. */
export interface LockedPackage {
  /** `node_modules/pino` */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** `sha512-...` */
  readonly integrity: string;
  /** SPDX expression; '' when the package says none. */
  readonly licence: string;
}

interface Entry {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/** Compilers would need it, at run time nobody does. */
const BUILD_ONLY = ['node_modules/node-addon-api'];

/** The runtime of that architecture first, then the dependencies by name. */
export function lockedPackages(arch: Architecture): readonly LockedPackage[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Entry>>;
  };
  const runtime = `node_modules/node-linux-${nodeArch[arch]}`;
  const wanted = Object.entries(lock.packages).filter(
    ([path, { dev }]) =>
      path !== '' &&
      dev !== true &&
      !BUILD_ONLY.includes(path) &&
      (!path.startsWith('node_modules/node-linux-') || path === runtime),
  );
  return wanted
    .map(([path, { version, integrity = '', license = '' }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return { path, name, version, integrity, licence: license };
    })
    .toSorted(
      (a, b) =>
        Number(b.path === runtime) - Number(a.path === runtime) || (a.path < b.path ? -1 : 1),
    );
}
