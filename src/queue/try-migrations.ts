import { existsSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type DatabaseFile, openDatabase } from './database.ts';
import { historyFile, queueFile } from './database-files.ts';
import { openFault } from './faults.ts';
import { schemaVersion } from './migrations.ts';
import { QueueOpenError } from './open-error.ts';

/** What a start would do with one database. */
export interface MigrationTrial {
  readonly path: string;
  /** Schema versions; equal: there is nothing to migrate. */
  readonly from: number;
  readonly to: number;
  /** Nothing waits in it; always so for the history. */
  readonly empty: boolean;
}

/**
 * Runs the migrations that a start would run, on copies that are removed again. A daemon may work
 * on the originals meanwhile: the copy is made in a read transaction. Throws QueueOpenError.
 */
export function tryMigrations(directory: string): readonly MigrationTrial[] {
  return [queueFile(directory), historyFile(directory)]
    .filter(({ path }) => existsSync(path))
    .map(tryFile);
}

function tryFile(file: DatabaseFile): MigrationTrial {
  const copy = join(dirname(file.path), `preflight-${process.pid}-${basename(file.path)}`);
  const to = file.migrations.length;
  try {
    const db = new Sqlite(file.path, { readonly: true, timeout: 5_000 });
    try {
      const from = schemaVersion(db);
      if (from !== to) {
        checkRoom(file.path);
        db.prepare('VACUUM INTO ?').run(copy);
        openDatabase({ ...file, path: copy }).close();
      }
      return { path: file.path, from, to, empty: isEmpty(db) };
    } finally {
      db.close();
    }
  } catch (error) {
    const fault = openFault(error, file.path);
    if (!(fault instanceof QueueOpenError)) throw fault;
    throw new QueueOpenError(fault.problem, fault.message.replaceAll(copy, file.path));
  } finally {
    for (const end of ['', '-wal', '-shm']) rmSync(copy + end, { force: true });
  }
}

function isEmpty(db: Sqlite.Database): boolean {
  const tables = db.prepare("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'recipients'").pluck();
  return tables.get() === 0 || db.prepare('SELECT COUNT(*) FROM recipients').pluck().get() === 0;
}

/** The queue must not run into a full disk because of a trial: copy, journal and as much again. */
function checkRoom(path: string): void {
  const needed = 3 * statSync(path).size;
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize >= needed) return;
  throw new QueueOpenError(
    'full',
    `no room to try the migration of ${path} on a copy: it takes ${needed} bytes, ${bavail * bsize} are free`,
  );
}
