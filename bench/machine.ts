import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, tmpdir, totalmem } from 'node:os';

const ask = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();

/** What the figures are measured on. */
export function machineFacts(): string[] {
  const system = /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const gib = Math.round(totalmem() / 1024 ** 3);
  return [
    `${cpus().length} x ${cpus()[0]?.model.trim()}, ${gib} GiB, ${system}, Linux ${release()} ${arch()}`,
    `queues on ${ask('df', '--output=fstype', tmpdir()).split('\n').at(-1)} (${tmpdir()})`,
    `Node ${process.version}, Postfix ${ask('postconf', '-dh', 'mail_version')}`,
  ];
}

/** The commit that is measured, and whether anything was changed since. */
export function commit(): string {
  const changes = ask('git', 'status', '--porcelain', '--untracked-files=no', ':!:bench/results.*');
  return `${ask('git', 'rev-parse', '--short', 'HEAD')}${changes === '' ? '' : ' + changes'}`;
}
