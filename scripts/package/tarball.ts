import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Build, nodeArch } from './build.ts';
import { output, root } from './run.ts';
import { settle } from './tree.ts';

/** relayd-VERSION-linux-ARCH.tar.gz, to be unpacked in /opt; gives its path. */
export function tarball(build: Build, home: string): string {
  const name = `relayd-${build.version}-linux-${nodeArch[build.arch]}`;
  const folder = join(build.work, 'tar', name);
  cpSync(home, folder, { recursive: true });
  for (const part of [
    'man',
    'systemd',
    'config/completions',
    'relay.example.yaml',
    'README.md',
    'docs/operate.md',
  ]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  settle(build, folder);
  const file = join(build.out, `${name}.tar.gz`);
  const owner = ['--owner=0', '--group=0', '--numeric-owner'];
  const order = ['--sort=name', '--format=gnu', `--mtime=@${build.epochSeconds}`];
  output('tar', [
    '-C',
    join(build.work, 'tar'),
    ...owner,
    ...order,
    '--use-compress-program=gzip -n -6',
    '-cf',
    file,
    name,
  ]);
  return file;
}
