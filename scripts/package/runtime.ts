import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Build } from './build.ts';
import type { LockedPackage } from './locked.ts';
import { output, root } from './run.ts';

/**
 * The folder of Node's platform package: as npm installed it, or for another architecture as the registry has it,
 * checked against package-lock.json.
 */
export function runtimeFolder(build: Build, { name, version, integrity }: LockedPackage): string {
  const installed = join(root, 'node_modules', name);
  if (existsSync(join(installed, 'bin/node'))) return installed;
  const folder = join(build.work, name);
  mkdirSync(folder);
  output('npm', ['pack', '--silent', '--pack-destination', build.work, `${name}@${version}`]);
  const file = join(build.work, `${name}-${version}.tgz`);
  const digest = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  if (digest !== integrity) {
    throw new Error(`${name} ${version} from the registry is not what package-lock.json names`);
  }
  output('tar', ['-xzf', file, '-C', folder, '--strip-components=1']);
  return folder;
}
