import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { storeFault } from '../../../src/queue/faults.ts';
import { openSpool } from '../../../src/queue/spool.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import { becomes, delivered, idAt, leased, leaseOf, T0, waiting } from '../../contract/fixtures.ts';
import { temporaryDirectory, testStore } from './temporary.ts';

const page = { filter: {}, after: null, limit: 50 } as const;

test('system and SQLite codes become the faults of the port', () => {
  const fault = (code: string) =>
    storeFault(Object.assign(new Error('x'), { code }))?.fault ?? null;
  expect(['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].map(fault)).toEqual(['full', 'full', 'full']);
  const io = ['SQLITE_IOERR_FSYNC', 'SQLITE_READONLY', 'SQLITE_CORRUPT_VTAB', 'SQLITE_BUSY', 'EIO'];
  expect(io.map(fault)).toEqual(io.map(() => 'io'));
  expect(['SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_ERROR', ''].map(fault)).toEqual([
    null,
    null,
    null,
  ]);
});

/** A file system of 4 MiB; null where this user may not mount one. */
function smallDisk(): string | null {
  const directory = join(temporaryDirectory(), 'disk');
  mkdirSync(directory);
  const mount = ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory];
  if (spawnSync('mount', mount).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', directory]));
  return directory;
}

test('a full disk refuses what does not fit, keeps what was accepted, and recovers', async (context) => {
  const disk = smallDisk();
  if (disk === null) return context.skip('may not mount a small file system');
  const { store } = testStore(join(disk, 'queue'));
  const kept = [leased(), waiting()];
  await store.accept(kept);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - 64 * 1024));
  const big = () => waiting(T0, { body: Buffer.alloc(200_000, 66) });
  const ends = await Promise.allSettled([store.accept([big()]), store.accept([big()])]);
  for (const end of ends) {
    const reason = end.status === 'rejected' ? end.reason : null;
    expect(reason).toBeInstanceOf(StoreError);
    expect(reason.fault).toBe('full');
  }
  expect((await store.list(page)).rows).toHaveLength(2);
  expect((await store.counts()).map(({ recipients }) => recipients)).toEqual([1, 1]);

  const writer = await openSpool(join(disk, 'queue')).create(idAt(T0));
  const spooling = async () => {
    for (let count = 0; count < 20; count++) await writer.write(Buffer.alloc(64 * 1024));
    await writer.commit();
  };
  await expect(spooling()).rejects.toMatchObject({ name: 'StoreError', fault: 'full' });

  rmSync(join(disk, 'filler'));
  // Leased by the same run, which the transaction that was rolled back had known.
  await store.accept([big(), leased()]);
  expect((await store.list(page)).rows).toHaveLength(4);
});

test('a commit that the storage refuses rejects its whole batch and changes nothing', () => {
  const directory = temporaryDirectory();
  const script = `
    const base = ${JSON.stringify(new URL('../../', import.meta.url).href)};
    const { openInProcessStore } = await import(base + 'contract/in-process-store.ts');
    const { waiting } = await import(base + 'contract/fixtures.ts');
    const directory = ${JSON.stringify(directory)};
    process.on('SIGXFSZ', () => {});
    const store = openInProcessStore({ directory, clock: Date.now, report() {} });
    const big = () => store.accept([waiting(0, { body: Buffer.alloc(250_000, 66) })]);
    let accepted = 0;
    for (;;) {
      const ends = await Promise.allSettled([big(), big()]);
      const failed = ends.filter(({ status }) => status === 'rejected');
      if (failed.length > 0) {
        console.log(failed.length, failed[0].reason.name, accepted);
        break;
      }
      accepted += 2;
    }
    const { rows } = await store.list({ filter: {}, after: null, limit: 1000 });
    console.log(rows.length === accepted);`;
  const node = `ulimit -f 4096 && exec ${process.execPath} --input-type=module -e "$0"`;
  const child = spawnSync('bash', ['-c', node, script]);
  expect(child.stderr.toString()).toBe('');
  expect(child.stdout.toString()).toMatch(/^2 StoreError \d+\ntrue\n$/);
});

test('a history that cannot be written is reported and stops no mail', async () => {
  const directory = temporaryDirectory();
  const { store, notices } = testStore(directory);
  const one = leased();
  await store.accept([one]);
  const stranger = new Sqlite(join(directory, 'history.db'));
  onTestFinished(() => void stranger.close());
  stranger.exec('BEGIN IMMEDIATE');
  const rest = { lease: leaseOf(), attempt: null, notifications: [] };
  await store.settle({ id: one.message.id, recipients: [becomes(0, delivered)], ...rest });
  expect((await store.list(page)).rows).toEqual([]);
  expect(notices).toMatchObject([{ is: 'fault', fault: 'history' }]);
});
