import { execFileSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inspectQueue } from '../../../src/queue/backup/inspect.ts';
import { makeBackup } from '../../../src/queue/backup/make.ts';
import { checkBackup, restoreBackup } from '../../../src/queue/backup/restore.ts';
import { openSpool } from '../../../src/queue/spool.ts';
import { messageIdToNumber } from '../../../src/relay/message-id.ts';
import type { NewMessage } from '../../../src/relay/queue.ts';
import { leased, newMessage, owner, T0, waiting } from '../../contract/fixtures.ts';
import { tamper, temporaryDirectory, testStore } from './temporary.ts';

const large = Buffer.from(`Subject: large\r\n\r\n${'x'.repeat(300_000)}\r\n`);

async function spooled(directory: string, one: NewMessage, text = large): Promise<NewMessage> {
  const writer = await openSpool(directory).create(one.message.id);
  await writer.write(text);
  const file = await writer.commit();
  const message = { ...one.message, bytes: text.length };
  return { ...one, message, body: { in: 'spool', file, bytes: text.length } };
}

/** One small message, one in the spool, one held, one with an attempt under way, and a token. */
async function scene() {
  const directory = join(temporaryDirectory(), 'queue');
  const { store } = testStore(directory);
  const small = waiting(T0);
  const big = await spooled(directory, waiting(T0 + 1));
  const held = newMessage({ is: 'held', reason: 'a rule' });
  const running = leased();
  await store.accept([small, big, held, running]);
  mkdirSync(join(directory, 'tokens'));
  writeFileSync(join(directory, 'tokens', 'gmail.json'), '{"token":"t"}', { mode: 0o600 });
  const file = join(temporaryDirectory(), 'relayd.tar');
  const backup = () => makeBackup({ directory, file, version: '1', nowMs: T0 });
  const spoolFile = big.body.in === 'spool' ? join(directory, 'spool', big.body.file) : '';
  return { directory, store, small, big, held, running, file, backup, spoolFile };
}

/** An empty directory to restore into. */
function target(): string {
  const directory = join(temporaryDirectory(), 'restored');
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

const plain = { force: false, hold: false, nowMs: T0 };

test('a backup of an open queue comes back whole, and what was under way is in doubt', async () => {
  const { file, backup, small, big, held, running } = await scene();
  const manifest = await backup();
  expect(manifest).toMatchObject({
    format: 1,
    messages: 4,
    recipients: { waiting: 2, held: 1, leased: 1 },
    missing: [],
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const directory = target();
  const { movedTo, inspection } = await restoreBackup({ file, directory, ...plain });
  expect(movedTo).toBeNull();
  expect(inspection.faults).toEqual([]);
  expect(readFileSync(join(directory, 'tokens', 'gmail.json'), 'utf8')).toBe('{"token":"t"}');

  const { store } = testStore(directory);
  const recovered = await store.recover({
    owner: owner('another'),
    nowMs: T0,
    dotted: new Set(),
    inDoubtDueAtMs: T0 + 900_000,
    inDoubtHold: false,
  });
  expect(recovered).toMatchObject({ inDoubt: 1, requeued: 0 });
  for (const { message, body } of [small, held, running]) {
    expect(await store.body(message.id)).toEqual(body);
    expect((await store.show(message.id)).queued?.message).toEqual(message);
  }
  const read = await store.body(big.message.id);
  const name = read?.in === 'spool' ? read.file : '';
  expect(readFileSync(join(directory, 'spool', name))).toEqual(large);
});

test('what is restored belongs to whoever owns the directory', async () => {
  const { file, backup } = await scene();
  await backup();
  const directory = target();
  const root = process.getuid?.() === 0;
  if (root) chownSync(directory, 65_534, 65_534);
  await restoreBackup({ file, directory, ...plain });
  const owner = statSync(directory).uid;
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  expect(paths.length).toBeGreaterThan(6);
  expect(paths.filter((path) => statSync(join(directory, path)).uid !== owner)).toEqual([]);
});

test('tar and sqlite3 read a backup without relayd', async () => {
  const { file, backup } = await scene();
  await backup();
  const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n');
  expect(names.slice(-4)).toEqual(['tokens/gmail.json', 'history.db', 'queue.db', 'manifest.json']);
  const into = temporaryDirectory();
  execFileSync('tar', ['-xf', file, '-C', into]);
  const rows = execFileSync('sqlite3', [join(into, 'queue.db'), 'SELECT COUNT(*) FROM messages']);
  expect(String(rows).trim()).toBe('4');
});

test('a body that is missing already is named, and the rest is kept', async () => {
  const { file, backup, spoolFile, big } = await scene();
  rmSync(spoolFile);
  const manifest = await backup();
  expect(manifest.missing).toEqual([big.message.id]);
  const directory = target();
  const { inspection } = await restoreBackup({ file, directory, ...plain });
  expect(inspection.faults).toEqual([
    `${big.message.id}: its body in the spool is missing or cut short`,
  ]);
});

test('mail that is settled while the spool is read leaves the copy, and is no fault', async () => {
  const { directory, store, file, backup, big, spoolFile } = await scene();
  // Its number is lower, so that it is read first, and that takes a while.
  const long = waiting(T0, { acceptedAtMs: T0 - 1_000 });
  await store.accept([await spooled(directory, long, Buffer.alloc(60_000_000, 65))]);
  const copying = backup();
  const part = (): number => {
    const [staging = ''] = readdirSync(join(file, '..'));
    const path = join(file, '..', staging, 'part');
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  };
  while (part() === 0) await new Promise((resolve) => setImmediate(resolve));
  const id = messageIdToNumber(big.message.id);
  tamper(directory, (db) => {
    db.prepare('DELETE FROM recipients WHERE message_id = ?').run(id);
    db.prepare('DELETE FROM messages WHERE id = ?').run(id);
  });
  rmSync(spoolFile);
  expect(await copying).toMatchObject({ messages: 4, missing: [] });
  expect((await checkBackup(file)).inspection).toMatchObject({ messages: 4, faults: [] });
});

test('an archive that was cut short or changed is refused, and touches nothing', async () => {
  const { file, backup } = await scene();
  await backup();
  const directory = target();
  const whole = readFileSync(file);
  for (const at of [0, 100, 512, 5_000, whole.length >> 1, whole.length - 1_024 - 600]) {
    writeFileSync(file, whole.subarray(0, at));
    await expect(restoreBackup({ file, directory, ...plain })).rejects.toThrow(
      /cannot be used: (?:it ends early|it is no archive)/,
    );
  }
  const flipped = Buffer.from(whole);
  flipped[2_000] = (flipped[2_000] ?? 0) ^ 1;
  writeFileSync(file, flipped);
  await expect(checkBackup(file)).rejects.toThrow(/SHA-256 differs/);
  await expect(restoreBackup({ file, directory, ...plain })).rejects.toThrow(/SHA-256 differs/);
  expect(readdirSync(directory).filter((name) => !name.startsWith('relayd.'))).toEqual([]);
});

test('an archive with names that lead elsewhere is refused', async () => {
  const at = temporaryDirectory();
  mkdirSync(join(at, 'spool'));
  writeFileSync(join(at, 'x'), 'y');
  const file = join(at, 'evil.tar');
  const args = ['-cPf', file, '--format=ustar', '--transform', 's,^,spool/../../,', '-C', at, 'x'];
  execFileSync('tar', args);
  await expect(restoreBackup({ file, directory: target(), ...plain })).rejects.toThrow(
    /has no place in a backup/,
  );
});

test('it is not restored into a queue that is in use, or that holds mail', async () => {
  const { file, backup, directory, store, small } = await scene();
  await backup();
  await expect(restoreBackup({ file, directory, ...plain })).rejects.toThrow(
    `in use by process ${process.pid}; stop relayd first`,
  );
  await store.close();
  await expect(restoreBackup({ file, directory, ...plain })).rejects.toThrow(
    /holds 4 messages that were accepted and not sent; with --force/,
  );
  const { movedTo } = await restoreBackup({ file, directory, ...plain, force: true, hold: true });
  expect(inspectQueue(movedTo ?? '')).toMatchObject({ messages: 4, faults: [] });
  expect(inspectQueue(directory)).toMatchObject({ recipients: { held: 4 }, faults: [] });
  const { store: restored } = testStore(directory);
  expect((await restored.show(small.message.id)).queued?.recipients).toMatchObject([
    { state: 'held', lastText: 'restored from a backup' },
  ]);
});

test('a backup that fails leaves the former one, and nothing else', async () => {
  const { file, backup, spoolFile } = await scene();
  await backup();
  const former = readFileSync(file);
  rmSync(spoolFile);
  mkdirSync(spoolFile); // reading it fails in the middle of the archive
  await expect(backup()).rejects.toThrow(/the backup failed, and .* is as it was/);
  expect(readFileSync(file)).toEqual(former);
  expect(readdirSync(join(file, '..'))).toEqual(['relayd.tar']);
});

test('verify finds nothing in a sound queue, open or closed', async () => {
  const { directory, store } = await scene();
  const sound = { messages: 4, spoolFiles: 1, faults: [], remarks: [] };
  expect(inspectQueue(directory)).toMatchObject(sound);
  await store.close();
  expect(inspectQueue(directory)).toMatchObject(sound);
});

test('verify names what is broken, and what only looks strange', async () => {
  const { directory, store, small, held, running, big, spoolFile } = await scene();
  await store.close();
  truncateSync(spoolFile, 10);
  writeFileSync(join(directory, 'spool', 'stranger'), 'x');
  writeFileSync(join(directory, 'dots'), Buffer.alloc(13, 1));
  const number = (one: NewMessage) => messageIdToNumber(one.message.id);
  tamper(directory, (db) => {
    db.pragma('foreign_keys = OFF');
    db.prepare("UPDATE messages SET recipients = '[' WHERE id = ?").run(number(small));
    db.prepare('DELETE FROM bodies WHERE message_id = ?').run(number(held));
    db.prepare('DELETE FROM recipients WHERE message_id = ?').run(number(running));
    db.prepare("INSERT INTO bodies VALUES (99, x'00')").run();
  });
  const { faults, remarks, dotted } = inspectQueue(directory);
  expect(faults).toEqual([
    'queue.db: 1 rows of bodies belong to no message',
    `${small.message.id}: cannot be read`,
    `${held.message.id}: no body is stored`,
    `${running.message.id}: no recipient is left, and the message is still there`,
    `${big.message.id}: its body in the spool is missing or cut short`,
    'dots: it was cut short',
  ]);
  expect(remarks).toEqual([expect.stringMatching(/^1 files in the spool belong to no message/)]);
  expect(dotted).toBe(1);
});

test('verify says of a damaged file what SQLite says, and looks at the rest', async () => {
  const { directory, store } = await scene();
  await store.close();
  const path = join(directory, 'queue.db');
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4_096), Buffer.alloc(8_192, 7)]));
  const { faults, history } = inspectQueue(directory);
  expect(faults.join(' ')).toMatch(/queue\.db: .*(?:malformed|Tree|corrupt|invalid)/i);
  expect(history).toBe(1);
  expect(() => inspectQueue(join(directory, 'not-there'))).toThrow(/there is no queue in/);
});

test('verify finds damage in the log that SQLite takes for the end of it', async () => {
  const { directory, store } = await scene();
  for (let count = 0; count < 5; count++) await store.accept([waiting(T0 + count)]);
  const killed = join(temporaryDirectory(), 'killed');
  cpSync(directory, killed, { recursive: true });
  expect(inspectQueue(killed).faults).toEqual([]);
  const log = join(killed, 'queue.db-wal');
  const bytes = readFileSync(log);
  writeFileSync(log, bytes.fill(0x5a, 3_000, 3_100));
  expect(inspectQueue(killed).faults).toContain(
    'queue.db: frame 1 of its write-ahead log, before later commits',
  );
});

test('on a full disk a backup fails, and the queue goes on', async () => {
  const { backup, file, store } = await scene();
  const at = join(file, '..');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', at]);
  onTestFinished(() => void execFileSync('umount', [at]));
  await expect(backup()).rejects.toThrow(/the backup failed.*(?:SQLITE_FULL|full|ENOSPC)/);
  expect(readdirSync(at)).toEqual([]);
  await store.accept([waiting(T0 + 9)]);
});
