import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './scene.ts';

/** A file system of its own, for the relay's directory. */
export interface Disk {
  readonly directory: string;
  /** Leaves so many bytes free. */
  fill(freeBytes: number): void;
  free(): void;
}

/** A small file system in memory. Needs root. */
export async function smallDisk(mebibytes: number): Promise<Disk> {
  const directory = join(await temporaryDirectory(), 'disk');
  mkdirSync(directory);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory]);
  onTestFinished(() => void spawnSync('umount', ['-l', directory]));
  const filler = join(directory, 'filler');
  return {
    directory,
    fill(freeBytes) {
      const { bavail, bsize } = statfsSync(directory);
      const descriptor = openSync(filler, 'a');
      try {
        const block = Buffer.alloc(bsize);
        for (let left = bavail * bsize - freeBytes; left >= bsize; left -= bsize) {
          if (!wrote(descriptor, block)) break;
        }
      } finally {
        closeSync(descriptor);
      }
    },
    free: () => rmSync(filler, { force: true }),
  };
}

/** False: the disk is full, perhaps because somebody else writes too. */
function wrote(descriptor: number, block: Buffer): boolean {
  try {
    return writeSync(descriptor, block) === block.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}

/** A file system on a loop device that turns read-only at its first error, as most servers' do. Needs root. */
export async function failingDisk(mebibytes: number) {
  const base = await temporaryDirectory();
  const [image, directory] = [join(base, 'image'), join(base, 'disk')];
  mkdirSync(directory);
  execFileSync('truncate', ['-s', `${mebibytes}M`, image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  const mount = () => {
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, directory]);
  };
  mount();
  onTestFinished(() => void spawnSync('umount', ['-l', directory]));
  return {
    directory,
    /** The kernel finds an error, gives its journal up and allows no more writing. */
    fail(): void {
      const source = execFileSync('findmnt', ['-no', 'SOURCE', directory]).toString().trim();
      const device = source.replace('/dev/', '');
      const trigger = openSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'w');
      writeSync(trigger, 'test');
      closeSync(trigger);
    },
    /** Checked and mounted again; nothing may have files open on it. */
    repair(): void {
      execFileSync('umount', [directory]);
      const { status } = spawnSync('e2fsck', ['-fy', image]);
      // e2fsck(8): 1 is "errors corrected".
      if (status === null || status > 1) throw new Error(`e2fsck ended with ${status}`);
      mount();
    },
  };
}
