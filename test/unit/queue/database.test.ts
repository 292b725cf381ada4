import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { assertDurable, openDatabase } from '../../../src/queue/database.ts';
import { QUEUE_MIGRATIONS } from '../../../src/queue/migrations.ts';
import { QueueOpenError } from '../../../src/queue/open-error.ts';
import { becomes, delivered, leased, leaseOf, waiting } from '../../contract/fixtures.ts';
import { openBare, tamper, temporaryDirectory, testStore } from './temporary.ts';

function openFailure(directory: string): QueueOpenError {
  try {
    openBare(directory).close();
  } catch (error) {
    if (error instanceof QueueOpenError) return error;
    throw error;
  }
  throw new Error('the queue opened');
}

test('commits are synced: FULL holds after a write, WAL, foreign keys, and an id in the header', () => {
  const db = openDatabase({
    path: join(temporaryDirectory(), 'queue.db'),
    applicationId: 7,
    migrations: QUEUE_MIGRATIONS,
    synchronous: 'FULL',
    mainTables: [],
    busyMs: 0,
  });
  onTestFinished(() => void db.close());
  db.exec("UPDATE facts SET value = 1 WHERE name = 'last_message_number'");
  const pragma = (name: string) => db.pragma(name, { simple: true });
  expect(pragma('synchronous')).toBe(2);
  expect(pragma('journal_mode')).toBe('wal');
  expect(pragma('foreign_keys')).toBe(1);
  expect(pragma('application_id')).toBe(7);
  expect(pragma('user_version')).toBe(QUEUE_MIGRATIONS.length);
});

test('a connection that fell to NORMAL is noticed', () => {
  const db = new Sqlite(join(temporaryDirectory(), 'x.db'));
  onTestFinished(() => void db.close());
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (a)');
  expect(() => assertDurable(db, 'FULL')).toThrow('would not be durable');
});

test('the directory is 0700 and every file in it 0600', () => {
  const directory = join(temporaryDirectory(), 'a', 'queue');
  const queue = openBare(directory);
  const mode = (name: string) => statSync(join(directory, name)).mode & 0o777;
  expect(mode('.')).toBe(0o700);
  expect(mode('spool')).toBe(0o700);
  for (const name of ['queue.db', 'queue.db-wal', 'history.db', 'relayd.lock', 'relayd.pid']) {
    expect([name, mode(name)]).toEqual([name, 0o600]);
  }
  queue.close();
});

test('a database from a newer version is refused and left alone', () => {
  const directory = temporaryDirectory();
  openBare(directory).close();
  tamper(directory, (db) => db.pragma('user_version = 99'));
  const before = readFileSync(join(directory, 'queue.db'));
  const failure = openFailure(directory);
  expect(failure.problem).toBe('newer');
  expect(failure.message).toContain('schema 99');
  expect(readFileSync(join(directory, 'queue.db')).equals(before)).toBe(true);
});

test('a strange database is refused', () => {
  const directory = temporaryDirectory();
  tamper(directory, (db) => db.exec('CREATE TABLE theirs (a)'));
  expect(openFailure(directory).problem).toBe('foreign');
});

test('a file that is no database is refused, says how to restore, and stays as it is', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'queue.db'), 'this is not a database at all, is it');
  const failure = openFailure(directory);
  expect(failure.problem).toBe('damaged');
  expect(failure.message).toMatch(/backup.*sqlite3 \S+ \.dump/s);
  expect(readFileSync(join(directory, 'queue.db'), 'utf8')).toContain('not a database');
});

test('damage in the middle of the file is found at the start', async () => {
  const directory = temporaryDirectory();
  const { store } = testStore(directory);
  for (let count = 0; count < 20; count++) await store.accept([waiting()]);
  await store.close();
  const path = join(directory, 'queue.db');
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096, bytes.length - 4096);
  writeFileSync(path, bytes);
  expect(openFailure(directory).problem).toBe('damaged');
  writeFileSync(path, bytes.subarray(0, 6_000));
  expect(openFailure(directory).problem).toBe('damaged');
});

test('the way back that the message names works', async (context) => {
  if (spawnSync('sqlite3', ['--version']).status !== 0) context.skip('needs the sqlite3 shell');
  const directory = temporaryDirectory();
  const first = testStore(directory);
  for (let count = 0; count < 20; count++) await first.store.accept([waiting()]);
  await first.store.close();
  const path = join(directory, 'queue.db');
  const bytes = readFileSync(path);
  // The page of one body: everything else can be read.
  bytes.fill(0xa5, bytes.lastIndexOf('Subject') - 200, bytes.lastIndexOf('Subject'));
  writeFileSync(path, bytes);
  const { message } = openFailure(directory);
  const [command] = /\(sqlite3 .* \| sqlite3 new\.db/.exec(message) ?? [];
  spawnSync('sh', ['-c', command ?? 'false'], { cwd: directory });
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  renameSync(join(directory, 'new.db'), path);
  const { store } = testStore(directory);
  expect((await store.counts())[0]?.recipients).toBe(20);
});

test('a damaged history does not stop mail: it is put aside and a new one begun', async () => {
  const directory = temporaryDirectory();
  openBare(directory).close();
  writeFileSync(join(directory, 'history.db'), 'rubbish');
  const { store, notices } = testStore(directory);
  const one = leased();
  await store.accept([one]);
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  await store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest });
  expect((await store.show(one.message.id)).history).not.toBeNull();
  expect(notices).toMatchObject([{ is: 'fault', fault: 'history' }]);
  const [, aside] = /kept as (\S+)/.exec(JSON.stringify(notices)) ?? [];
  expect(readFileSync(aside ?? '', 'utf8')).toBe('rubbish');
});

test('a second daemon on the same directory is refused with the pid of the first', () => {
  const directory = temporaryDirectory();
  const queue = openBare(directory);
  expect(openFailure(directory).problem).toBe('in-use');
  const module = new URL('../../../src/queue/open-queue.ts', import.meta.url);
  const script = `const { openQueue } = await import(${JSON.stringify(module.href)});
    try { openQueue({ directory: ${JSON.stringify(directory)}, clock: Date.now, report() {} }); }
    catch (error) { console.log(error.problem, error.message); }`;
  const child = () => spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(child().stdout.toString()).toBe(
    `in-use the queue ${directory} is in use by process ${process.pid}\n`,
  );
  queue.close();
  expect(child().stdout.toString()).toBe('');
});

test('the lock of a killed daemon is not in the way', () => {
  const directory = temporaryDirectory();
  const module = new URL('../../../src/queue/open-queue.ts', import.meta.url);
  const script = `const { openQueue } = await import(${JSON.stringify(module.href)});
    openQueue({ directory: ${JSON.stringify(directory)}, clock: Date.now, report() {} });
    process.kill(process.pid, 'SIGKILL');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(child.signal).toBe('SIGKILL');
  openBare(directory).close();
});

test('a directory that cannot be written is refused by name', () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const below = openFailure(join(file, 'queue'));
  expect(below.problem).toBe('unwritable');
  expect(below.message).toContain(join(file, 'queue'));
});

test('a directory that is read-only is refused by name', (context) => {
  const directory = temporaryDirectory();
  openBare(directory).close();
  if (!makeReadOnly(directory)) context.skip('root here may not mount');
  expect(openFailure(directory)).toMatchObject({
    problem: 'unwritable',
    message: expect.stringContaining(directory),
  });
});

/** Permissions do not stop root; a read-only mount does. */
function makeReadOnly(directory: string): boolean {
  if (process.getuid?.() !== 0) {
    for (const name of ['queue.db', 'relayd.lock']) chmodSync(join(directory, name), 0o400);
    chmodSync(directory, 0o500);
    onTestFinished(() => chmodSync(directory, 0o700));
    return true;
  }
  if (spawnSync('mount', ['--bind', directory, directory]).status !== 0) return false;
  onTestFinished(() => void execFileSync('umount', [directory]));
  return spawnSync('mount', ['-o', 'remount,ro,bind', directory]).status === 0;
}
