import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A small value in a file of its own, for nobody but the relay's own user. */
export interface StateFile {
  /** What was kept; null: nothing, or nothing that makes sense. Throws what the system says. */
  read(): unknown;
  /** Durable afterwards. Rejects with what the system says. */
  write(value: unknown): Promise<void>;
  /** The same before it returns: the process is about to end. */
  writeNow(value: unknown): void;
}

export function openStateFile(path: string): StateFile {
  return {
    read() {
      try {
        return JSON.parse(readFileSync(path, 'utf8'));
      } catch (error) {
        // Written whole or not at all: what cannot be read is none of ours.
        if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    },

    async write(value) {
      await mkdir(dirname(path), { mode: 0o700, recursive: true });
      const part = `${path}.part`;
      const file = await open(part, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(value));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
      const directory = await open(dirname(path), 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    },

    writeNow(value) {
      mkdirSync(dirname(path), { mode: 0o700, recursive: true });
      // Another name than that of a write that may be under way.
      const part = `${path}.last`;
      const file = openSync(part, 'w', 0o600);
      try {
        writeFileSync(file, JSON.stringify(value));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(part, path);
    },
  };
}

export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
