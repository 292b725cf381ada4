import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { temporaryDirectory } from './scene.ts';

export type Mode = 'none' | 'eio-write' | 'eio-sync' | 'lie';

/** What failing-io.c does to the queue of a relay. */
export interface FailingIo {
  /** For the relay's start. */
  readonly environment: Readonly<Record<string, string>>;
  be(mode: Mode): void;
  /** The machine has lost its power: the queue is what the disk had been made to keep, and the next boot is another one. */
  cutPower(): void;
}

/** Compiles the library anew: it is small. */
export async function failingIo(directory: string): Promise<FailingIo> {
  const own = await temporaryDirectory();
  const [library, mode, shadow] = [join(own, 'io.so'), join(own, 'mode'), join(own, 'shadow')];
  const source = join(import.meta.dirname, 'failing-io.c');
  execFileSync('gcc', ['-O1', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  const queue = join(directory, 'queue');
  mkdirSync(join(shadow, 'spool'), { recursive: true, mode: 0o700 });
  writeFileSync(mode, 'none');
  return {
    environment: {
      LD_PRELOAD: library,
      FAULT_DIRECTORY: queue,
      FAULT_MODE: mode,
      FAULT_SHADOW: shadow,
    },
    be: (next) => writeFileSync(mode, next),
    cutPower() {
      rmSync(queue, { recursive: true });
      cpSync(shadow, queue, { recursive: true, filter: (path) => !path.endsWith('.copy') });
      const db = new Database(join(queue, 'queue.db'));
      db.prepare("UPDATE runs SET boot = 'the boot before'").run();
      db.close();
      rmSync(shadow, { recursive: true });
      cpSync(queue, shadow, { recursive: true });
    },
  };
}
