import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Build } from './build.ts';

/** Writes files below one folder; times and modes are set by `settle`. */
export interface Tree {
  readonly folder: string;
  copy(from: string, to: string): void;
  write(to: string, content: string): void;
  /** Compressed without name and time. */
  writeGzip(to: string, content: string | Buffer): void;
  link(to: string, target: string): void;
}

export function treeAt(folder: string): Tree {
  const place = (to: string): string => {
    const path = join(folder, to);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  return {
    folder,
    copy: (from, to) => copyFileSync(from, place(to)),
    write: (to, content) => writeFileSync(place(to), content),
    writeGzip: (to, content) => writeFileSync(place(to), gzipSync(content, { level: 9 })),
    link: (to, target) => symlinkSync(target, place(to)),
  };
}

/** Programs 0755, other files 0644, everything of the build's time. */
export function settle(build: Build, folder: string): void {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  for (const path of [...all, folder]) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink())
      chmodSync(path, stat.isDirectory() || isProgram(path) ? 0o755 : 0o644);
  }
  // Deepest first: writing into a folder changes its time.
  for (const path of [...all.toSorted().toReversed(), folder]) {
    lutimesSync(path, build.epochSeconds, build.epochSeconds);
  }
}

function isProgram(path: string): boolean {
  const folder = dirname(path);
  if (folder.endsWith('/DEBIAN')) return /\/(?:pre|post)(?:inst|rm)$/.test(path);
  return folder.endsWith('/bin') && !folder.includes('/node_modules/') && !path.endsWith('/launch');
}
