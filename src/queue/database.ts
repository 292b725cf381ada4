import { chmodSync, closeSync, openSync, readSync, statSync } from 'node:fs';
import Sqlite, { type Database } from 'better-sqlite3';
import { assert } from '../lib/assert.ts';
import { damaged, openFault } from './faults.ts';
import { migrate, schemaVersion } from './migrations.ts';
import { QueueOpenError } from './open-error.ts';
import { findWalDamage } from './wal-check.ts';

export interface DatabaseFile {
  readonly path: string;
  /** Stored in the file's header, so that a strange database is not taken for ours. */
  readonly applicationId: number;
  readonly migrations: readonly string[];
  readonly synchronous: 'FULL' | 'NORMAL';
  /** Tables that a large file is checked by; a small one is checked whole. */
  readonly mainTables: readonly string[];
  /** How long a write waits for a stranger (a shell, a backup) that has the file locked. */
  readonly busyMs: number;
}

const SYNCHRONOUS = { NORMAL: 1, FULL: 2 } as const;
/** About 0.3 s of checking; above it only the main tables, which are small beside the bodies. */
const wholeCheckBytesMax = 512 * 1024 * 1024;
/** A write-ahead log that a burst has blown up is cut back to this. */
const walBytesMax = 64 * 1024 * 1024;

/**
 * Opens, checks and upgrades one file. Throws QueueOpenError; a file that cannot be used is left
 * as it is.
 */
export function openDatabase(file: DatabaseFile): Database {
  let db: Database | null = null;
  try {
    checkHeader(file.path);
    checkLog(file);
    db = new Sqlite(file.path, { timeout: file.busyMs });
    prepare(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw openFault(error, file.path);
  }
}

/**
 * Creates the file with mode 0600 (the -wal and -shm files inherit it), or looks whether it begins
 * like a database. Only before SQLite opens it: closing a second descriptor would drop SQLite's
 * POSIX locks.
 */
function checkHeader(path: string): void {
  const descriptor = openSync(path, 'a+', 0o600);
  try {
    const header = Buffer.alloc(16);
    const bytes = readSync(descriptor, header, 0, 16, 0);
    if (bytes > 0 && header.toString('latin1') !== 'SQLite format 3\0') {
      throw damaged(path, 'it does not begin with the header of a database');
    }
  } finally {
    closeSync(descriptor);
  }
  chmodSync(path, 0o600);
}

/** Where commits are not synced one by one, a power cut leaves gaps that are no damage. */
function checkLog({ path, synchronous }: DatabaseFile): void {
  const damage = synchronous === 'FULL' ? findWalDamage(`${path}-wal`) : null;
  if (damage !== null) throw damaged(path, damage);
}

function prepare(db: Database, file: DatabaseFile): void {
  checkVersion(db, file);
  check(db, file);
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  assert(mode === 'wal', `${file.path}: write-ahead logging is not possible here (${mode})`);
  // better-sqlite3 is compiled so that a WAL connection falls to NORMAL at its first statement,
  // whatever the pragma said before: set it after journal_mode, and believe it only after a write.
  db.pragma(`synchronous = ${file.synchronous}`);
  db.pragma('foreign_keys = ON');
  db.pragma(`journal_size_limit = ${walBytesMax}`);
  migrate(db, file.migrations);
  db.pragma(`application_id = ${file.applicationId}`); // a write, at every start
  assertDurable(db, file.synchronous);
}

/** Throws when a commit would not be synced as promised. Call after a write. */
export function assertDurable(db: Database, synchronous: 'FULL' | 'NORMAL'): void {
  const level = db.pragma('synchronous', { simple: true });
  assert(level === SYNCHRONOUS[synchronous], `synchronous is ${level}: a 250 would not be durable`);
}

function checkVersion(db: Database, file: DatabaseFile): void {
  const version = schemaVersion(db);
  const application = Number(db.pragma('application_id', { simple: true }));
  const empty = db.prepare('SELECT COUNT(*) FROM sqlite_schema').pluck().get() === 0;
  if (application !== file.applicationId && !empty) {
    throw new QueueOpenError('foreign', `${file.path} is a database, but not one of relayd`);
  }
  if (version > file.migrations.length) {
    throw new QueueOpenError(
      'newer',
      `${file.path} was written by a newer relayd (schema ${version}, this one knows up to ` +
        `${file.migrations.length}): run that version, or put back a backup of before`,
    );
  }
}

function check(db: Database, file: DatabaseFile): void {
  const large = statSync(file.path).size > wholeCheckBytesMax;
  const known = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const pragmas = large
    ? file.mainTables.filter((name) => known.includes(name)).map((name) => `quick_check(${name})`)
    : ['quick_check(1)'];
  for (const pragma of pragmas) {
    const verdict = db.pragma(pragma, { simple: true });
    if (verdict !== 'ok') throw damaged(file.path, String(verdict));
  }
}
