import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { migrate, QUEUE_APPLICATION_ID, QUEUE_MIGRATIONS } from '../../../src/queue/migrations.ts';
import { tryMigrations } from '../../../src/queue/try-migrations.ts';
import { temporaryDirectory } from './temporary.ts';

const newest = QUEUE_MIGRATIONS.length;

/** A queue as an earlier version left it, still open as under a running daemon. */
function queueOf(version: number): { directory: string; path: string; db: Sqlite.Database } {
  const directory = temporaryDirectory();
  const path = join(directory, 'queue.db');
  const db = new Sqlite(path);
  db.pragma('journal_mode = WAL');
  migrate(db, QUEUE_MIGRATIONS.slice(0, version));
  db.pragma(`application_id = ${QUEUE_APPLICATION_ID}`);
  return { directory, path, db };
}

test('an older queue is migrated on a copy: it stays as it is, and nothing is left behind', () => {
  const { directory, path, db } = queueOf(newest - 1);
  const before = readdirSync(directory);
  expect(tryMigrations(directory)).toEqual([{ path, from: newest - 1, to: newest, empty: true }]);
  expect(db.pragma('user_version', { simple: true })).toBe(newest - 1);
  expect(readdirSync(directory)).toEqual(before);
  db.close();
});

test('a queue of this version is only looked at, and one that is not there is no fault', () => {
  const { directory, path, db } = queueOf(newest);
  expect(tryMigrations(directory)).toEqual([{ path, from: newest, to: newest, empty: true }]);
  db.close();
  expect(tryMigrations(join(directory, 'none'))).toEqual([]);
});

test('a migration that would fail is found before the restart', () => {
  const { directory, db } = queueOf(newest - 1);
  // What the next migration makes is there already.
  const next = /CREATE TABLE (\w+)/.exec(QUEUE_MIGRATIONS[newest - 1] ?? '')?.[1];
  db.exec(`CREATE TABLE ${next} (strange INTEGER)`);
  db.close();
  expect(() => tryMigrations(directory)).toThrow('already exists');
  expect(readdirSync(directory).filter((name) => name.startsWith('preflight'))).toEqual([]);
});

test('a queue of a newer version, and a file that is none, are refused', () => {
  const { directory, path, db } = queueOf(newest);
  db.pragma(`user_version = ${newest + 1}`);
  db.close();
  expect(() => tryMigrations(directory)).toThrow(`${path} was written by a newer relayd`);
  writeFileSync(join(directory, 'queue.db'), 'x'.repeat(5000));
  expect(() => tryMigrations(directory)).toThrow('is damaged');
});
