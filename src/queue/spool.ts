import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assert } from '../lib/assert.ts';
import type { MessageId } from '../relay/message.ts';
import { type Spool, type SpoolWriter, StoreError } from '../relay/ports.ts';
import { codeOf, storeFault } from './faults.ts';
import { spoolDirectoryOf } from './spool-directory.ts';

/**
 * Chunks are gathered to this before they are written in one go: each way into the thread pool and
 * back costs the main thread more than the bytes do. Memory stays flat.
 */
const gatherBytes = 256 * 1024;

/**
 * Large bodies as files in `spool/`. The directory must exist: opening the queue makes and sweeps
 * it.
 */
export function openSpool(queueDirectory: string): Spool {
  const directory = spoolDirectoryOf(queueDirectory);
  const syncDirectory = sharedSync(directory);
  return {
    create: (id) => createWriter(directory, id, syncDirectory),
    read(file, range) {
      assert(file === basename(file) && file !== '', `${file} is no name in the spool`);
      return createReadStream(join(directory, file), range);
    },
  };
}

async function createWriter(
  directory: string,
  id: MessageId,
  syncDirectory: () => Promise<void>,
): Promise<SpoolWriter> {
  const path = join(directory, id);
  const part = `${path}.part`;
  const file = await open(part, 'wx', 0o600).catch(asStoreError);
  let chunks: Buffer[] = [];
  let gathered = 0;
  let committed = false;

  const flush = async (): Promise<void> => {
    const pending = chunks;
    chunks = [];
    gathered = 0;
    if (pending.length > 0) await writeAll(file, pending);
  };
  const guarded = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      await discard(file, committed ? path : part);
      return asStoreError(error);
    }
  };
  return {
    async write(chunk) {
      chunks.push(chunk);
      gathered += chunk.length;
      if (gathered >= gatherBytes) await guarded(flush);
    },
    commit: () =>
      guarded(async () => {
        await flush();
        await file.sync();
        await file.close();
        await rename(part, path);
        committed = true;
        await syncDirectory();
        return id;
      }),
    // Also after commit(), when nobody came to own the file: it must not keep a full disk full.
    abort: () => discard(file, committed ? path : part),
  };
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  const { bytesWritten } = await file.writev(chunks);
  // A disk that fills up takes the beginning only; the next write says why.
  let passed = 0;
  for (const chunk of chunks) {
    for (let at = Math.max(0, bytesWritten - passed); at < chunk.length; ) {
      at += (await file.write(chunk, at)).bytesWritten;
    }
    passed += chunk.length;
  }
}

/**
 * Closes and removes what was begun; what is gone already is no fault, what stays is swept at the
 * next start.
 */
async function discard(file: FileHandle, path: string): Promise<void> {
  const steps = await Promise.allSettled([file.close(), unlink(path)]);
  for (const step of steps) {
    const gone = step.status === 'fulfilled' || ['EBADF', 'ENOENT'].includes(codeOf(step.reason));
    if (!gone) asStoreError(step.reason);
  }
}

function asStoreError(error: unknown): never {
  throw storeFault(error) ?? new StoreError('io', String(error));
}

/** Syncing the directory once serves every rename made before the sync began. */
function sharedSync(directory: string): () => Promise<void> {
  const sync = async (): Promise<void> => {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  return () => {
    next ??= running
      .catch(() => undefined) // its own callers have been told
      .then(() => {
        next = null;
        running = sync();
        return running;
      });
    return next;
  };
}
