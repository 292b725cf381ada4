import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/queue/database.ts';
import { findWalDamage } from '../../../src/queue/wal-check.ts';
import { temporaryDirectory } from './temporary.ts';

const commits = 20;
const frameBytes = 24 + 4096;

/** A database whose commits, of two pages each, are in its log alone, as a kill leaves it. */
function killed(synchronous: 'FULL' | 'NORMAL') {
  const [from, to] = [temporaryDirectory(), temporaryDirectory()];
  const path = join(to, 'x.db');
  const file = { applicationId: 7, migrations: [], synchronous, mainTables: [], busyMs: 0 };
  const db = openDatabase({ ...file, path: join(from, 'x.db') });
  db.exec('CREATE TABLE kept (number, text)');
  // Before the log begins anew, so that what is behind its end are the remains of an earlier one.
  for (let number = 0; number < 50; number++) db.exec("INSERT INTO kept VALUES (-1, 'x')");
  db.pragma('wal_checkpoint(RESTART)');
  const insert = db.prepare('INSERT INTO kept VALUES (?, ?)');
  for (let number = 0; number < commits; number++) insert.run(number, 'x'.repeat(3_000));
  for (const end of ['', '-wal']) copyFileSync(join(from, `x.db${end}`), path + end);
  db.close();
  const log = readFileSync(`${path}-wal`);
  return {
    file: { ...file, path },
    log: `${path}-wal`,
    frames: Math.floor((log.length - 32) / frameBytes),
    put: (bytes: Buffer) => writeFileSync(`${path}-wal`, bytes),
    sound: () => Buffer.from(log),
    /** How many of the commits SQLite reads; on a copy, since reading changes the files. */
    read(): number {
      const copy = join(temporaryDirectory(), 'x.db');
      for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
      const copied = new Sqlite(copy);
      const count = copied.prepare('SELECT COUNT(*) FROM kept WHERE number >= 0').pluck().get();
      copied.close();
      return Number(count);
    },
  };
}

test('damage anywhere in the log is found, or nothing but the last commit is forgotten', () => {
  const { log, frames, put, sound, read } = killed('FULL');
  expect([findWalDamage(log), read()]).toEqual([null, commits]);
  expect(frames).toBeGreaterThan(commits);
  let found = 0;
  for (let frame = 0; frame < frames; frame++) {
    const bytes = sound();
    const begin = 32 + frame * frameBytes;
    bytes.fill(0x5a, begin + 2_000, begin + 2_010);
    put(bytes);
    const damage = findWalDamage(log);
    if (damage === null) expect(read()).toBeGreaterThanOrEqual(commits - 1);
    else expect(damage).toBe(`frame ${frame + 1} of its write-ahead log, before later commits`);
    if (damage !== null) found += 1;
  }
  expect(found).toBeGreaterThanOrEqual(commits - 1);
});

test('a log whose beginning is damaged is found, too', () => {
  const { log, put, sound, read } = killed('FULL');
  for (const upTo of [1, 20, 32, 4096]) {
    put(sound().fill(0x5a, 0, upTo));
    expect(read()).toBe(0);
    expect(findWalDamage(log)).toMatch(/^the header of its write-ahead log/);
  }
});

test('a log that ends anywhere is what a crash leaves', () => {
  const { log, put, sound } = killed('FULL');
  put(sound());
  for (let bytes = sound().length; bytes > 0; bytes -= 1_111) {
    truncateSync(log, bytes);
    expect(findWalDamage(log)).toBe(null);
  }
});

test.each(['FULL', 'NORMAL'] as const)('a gap in a log with synchronous = %s', (synchronous) => {
  const { file, put, sound } = killed(synchronous);
  const bytes = sound();
  bytes.fill(0, 32 + 4 * frameBytes, 32 + 5 * frameBytes);
  put(bytes);
  if (synchronous === 'FULL') {
    expect(() => openDatabase(file)).toThrow(/is damaged \(frame 5 of its write-ahead log/);
  } else {
    // A power cut leaves such gaps where commits are not synced: what is before it is read.
    openDatabase(file).close();
  }
});
