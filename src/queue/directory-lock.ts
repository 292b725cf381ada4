import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { codeOf, openFault } from './faults.ts';
import { QueueOpenError } from './open-error.ts';

export interface DirectoryLock {
  release(): void;
}

/**
 * One daemon per directory. Node has no flock, so an empty SQLite file is locked for as long as the
 * process lives: the kernel drops the lock with the process, also after kill -9, so it is never
 * stale. The pid is in another file, because closing any descriptor of the locked one would drop
 * the lock.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, 'relayd.lock');
  const pidPath = join(directory, 'relayd.pid');
  let holder: Sqlite.Database | null = null;
  try {
    holder = new Sqlite(path, { timeout: 0 });
    holder.exec('BEGIN EXCLUSIVE');
    chmodSync(path, 0o600);
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
    const held = holder;
    return { release: () => held.close() };
  } catch (error) {
    holder?.close();
    if (!codeOf(error).startsWith('SQLITE_BUSY')) throw openFault(error, path);
    const by = readPid(pidPath);
    throw new QueueOpenError('in-use', `the queue ${directory} is in use by ${by}`);
  }
}

function readPid(path: string): string {
  try {
    return `process ${readFileSync(path, 'utf8').trim()}`;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return 'another process';
  }
}
