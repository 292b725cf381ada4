import { chownSync, existsSync, lchownSync, lstatSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { lockDirectory } from '../directory-lock.ts';
import { codeOf } from '../faults.ts';
import { QueueOpenError } from '../open-error.ts';
import { parseJson } from '../rows.ts';
import { syncDirectory } from '../sync-directory.ts';
import { type Inspection, inspectQueue } from './inspect.ts';
import { BackupError, MANIFEST_NAME, Manifest, refuseNothing } from './manifest.ts';
import { readTar, type TarEntry, TarError } from './tar.ts';

export interface RestoreOptions {
  readonly file: string;
  /** `queue.directory`; it must exist. */
  readonly directory: string;
  /** A queue with mail in it is moved aside; without this it is refused. */
  readonly force: boolean;
  /** Everything that waits becomes held. */
  readonly hold: boolean;
  readonly nowMs: number;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly inspection: Inspection;
  /** Where that lies which was there before; null: there was nothing. */
  readonly movedTo: string | null;
}

/** What a queue's directory consists of; the lock stays. The queue itself goes last. */
const PARTS = [
  'dots',
  'spool',
  'tokens',
  'history.db-wal',
  'history.db-shm',
  'history.db',
  'queue.db-wal',
  'queue.db-shm',
  'queue.db',
] as const;

/**
 * Puts a backup in place of what is in the directory. Rejects with BackupError, also while a daemon
 * is at work there; until everything was unpacked and checked nothing is touched.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const directory = resolve(options.directory);
  if (!existsSync(directory)) {
    const make = `install -d -m 700 -o relayd -g relayd ${directory}`;
    throw new BackupError(`there is no directory ${directory}; make it for the daemon: ${make}`);
  }
  const lock = lockOrRefuse(directory);
  const staging = join(directory, 'restore.part');
  try {
    if (!options.force) refuseMail(directory);
    const { manifest, inspection } = await unpack(options.file, staging);
    if (inspection.faults.length > 0 && manifest.missing.length === 0) {
      throw new BackupError(`${options.file} is damaged: ${inspection.faults.join('; ')}`);
    }
    if (options.hold) holdEverything(join(staging, 'queue.db'));
    const movedTo = await swap(directory, staging, options.nowMs);
    return { manifest, inspection, movedTo };
  } finally {
    await rm(staging, { recursive: true, force: true });
    lock.release();
    await giveAway(directory, ['relayd.lock', 'relayd.pid']);
  }
}

/** Unpacks a backup into a directory of its own, checks it and removes it again. */
export async function checkBackup(file: string): Promise<Omit<Restored, 'movedTo'>> {
  const staging = `${resolve(file)}.${process.pid}.check`;
  try {
    return await unpack(file, staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function lockOrRefuse(directory: string): ReturnType<typeof lockDirectory> {
  try {
    return lockDirectory(directory);
  } catch (error) {
    if (!(error instanceof QueueOpenError)) throw error;
    const advice = error.problem === 'in-use' ? '; stop relayd first (systemctl stop relayd)' : '';
    throw new BackupError(`${error.message}${advice}`);
  }
}

function refuseMail(directory: string): void {
  const path = join(directory, 'queue.db');
  if (!existsSync(path)) return;
  const db = new Sqlite(path, { readonly: true });
  let messages = 0;
  try {
    messages = Number(db.prepare('SELECT COUNT(*) FROM messages').pluck().get());
  } finally {
    db.close();
  }
  if (messages === 0) return;
  throw new BackupError(
    `${directory} holds ${messages} messages that were accepted and not sent; with --force they ` +
      'are moved aside, and not sent',
  );
}

async function unpack(file: string, staging: string): Promise<Omit<Restored, 'movedTo'>> {
  let archive: FileHandle;
  try {
    archive = await open(file, 'r');
  } catch (error) {
    throw new BackupError(`cannot read ${file}: ${String(error)}`);
  }
  try {
    await rm(staging, { recursive: true, force: true });
    await mkdir(join(staging, 'spool'), { recursive: true, mode: 0o700 });
    await mkdir(join(staging, 'tokens'), { mode: 0o700 });
    const entries = await readTar(archive, (name, chunks) => write(staging, name, chunks));
    const manifest = await readManifest(staging);
    compare(manifest, entries);
    refuseNothing(staging);
    await syncDirectory(join(staging, 'spool'));
    return { manifest, inspection: inspectQueue(staging) };
  } catch (error) {
    if (!(error instanceof TarError) && codeOf(error) === '') throw error;
    throw new BackupError(`${file} cannot be used: ${(error as Error).message}`);
  } finally {
    await archive.close();
  }
}

/** The names come from a file that anybody may have written. */
const NAME = /^(?:queue\.db|history\.db|manifest\.json|(?:spool|tokens)\/[^/]+)$/;

async function write(staging: string, name: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  if (!NAME.test(name) || basename(name).startsWith('.')) {
    throw new TarError(`${JSON.stringify(name)} has no place in a backup`);
  }
  const handle = await open(join(staging, name), 'wx', 0o600);
  try {
    for await (const chunk of chunks) await handle.appendFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readManifest(staging: string): Promise<Manifest> {
  const text = await readFile(join(staging, MANIFEST_NAME), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') throw new TarError(`it has no ${MANIFEST_NAME}`);
    throw error;
  });
  const parsed = Manifest.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new TarError(`its ${MANIFEST_NAME} is not one of relayd, or of a later version`);
}

function compare({ files }: Manifest, entries: readonly TarEntry[]): void {
  const sums = new Map(entries.map(({ name, sha256 }) => [name, sha256]));
  for (const { name, sha256 } of files) {
    if (sums.get(name) === undefined) throw new TarError(`${name} is missing`);
    if (sums.get(name) !== sha256) throw new TarError(`${name} is damaged (SHA-256 differs)`);
  }
}

function holdEverything(path: string): void {
  const db = new Sqlite(path);
  try {
    db.prepare(
      `UPDATE recipients SET state = 'held', due_at = NULL, lease_run = NULL, lease_until = NULL,
         last_reason = 'operator', last_text = 'restored from a backup'
       WHERE state IN ('waiting', 'in-doubt', 'leased')`,
    ).run();
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

/** All that is there goes aside, then the backup takes its place; the queue itself comes last. */
async function swap(directory: string, staging: string, nowMs: number): Promise<string | null> {
  const there = PARTS.filter((part) => existsSync(join(directory, part)));
  const aside = join(directory, `replaced-${new Date(nowMs).toISOString().replace(/[:.]/g, '')}`);
  if (there.length > 0) await mkdir(aside, { mode: 0o700 });
  for (const part of there.toReversed()) await rename(join(directory, part), join(aside, part));
  for (const part of PARTS) {
    const from = join(staging, part);
    if (existsSync(from)) await rename(from, join(directory, part));
  }
  await giveAway(directory, [...PARTS, basename(aside)]);
  await syncDirectory(directory);
  await syncDirectory(dirname(directory));
  return there.length > 0 ? aside : null;
}

/** Root restores; what it made belongs to whoever owns the directory. */
async function giveAway(directory: string, names: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = lstatSync(directory);
  for (const name of names) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    chownSync(path, uid, gid);
    if (!found.isDirectory()) continue;
    for (const file of await readdir(path)) lchownSync(join(path, file), uid, gid);
  }
}
