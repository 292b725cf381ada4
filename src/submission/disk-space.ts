import { statfs } from 'node:fs/promises';
import type { Clock } from '../relay/ports.ts';

export interface DiskSpace {
  /** Bytes free for the queue, at most a second old; null: nobody can say. */
  freeBytes(): Promise<number | null> | number | null;
}

const freshMs = 1_000;

/** Asks the file system of the directory when somebody wants to know, at most once a second. */
export function diskSpace(directory: () => string, clock: Clock): DiskSpace {
  let knownBytes: number | null = null;
  let knownAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<number | null> | null = null;
  const ask = async (): Promise<number | null> => {
    try {
      const { bavail, bsize } = await statfs(directory());
      knownBytes = bavail * bsize;
    } catch {
      // A file system that cannot be asked must not stop mail: the store reports what it cannot
      // write.
      knownBytes = null;
    }
    knownAtMs = clock();
    asking = null;
    return knownBytes;
  };
  return {
    freeBytes() {
      if (Math.abs(clock() - knownAtMs) < freshMs) return knownBytes;
      asking ??= ask();
      return asking;
    },
  };
}
