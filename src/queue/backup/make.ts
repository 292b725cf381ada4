import { mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { messageIdFromNumber } from '../../relay/message-id.ts';
import { codeOf } from '../faults.ts';
import { spoolDirectoryOf } from '../spool-directory.ts';
import { syncDirectory } from '../sync-directory.ts';
import { BackupError, MANIFEST_NAME, type Manifest, refuseNothing } from './manifest.ts';
import { type TarEntry, TarError, type TarWriter, tarWriter } from './tar.ts';

export interface BackupOptions {
  /** `queue.directory`; a daemon may be at work on it. */
  readonly directory: string;
  readonly file: string;
  readonly version: string;
  readonly nowMs: number;
}

/**
 * Writes everything that a queue's directory needs to one archive. The databases are read in a
 * snapshot of their own, which keeps no writer waiting; `file` appears when it is whole and synced.
 * Rejects with BackupError; then nothing is left behind.
 *
 * The bodies in the spool are read after the snapshot of the queue: one that has gone by then
 * belongs to a message that was settled meanwhile, which leaves the copy as well.
 */
export async function makeBackup(options: BackupOptions): Promise<Manifest> {
  refuseNothing(options.directory);
  const file = resolve(options.file);
  const staging = await mkdtemp(join(dirname(file), '.relayd-backup-')).catch((error: unknown) => {
    throw new BackupError(`cannot write to ${dirname(file)}: ${String(error)}`);
  });
  try {
    const part = join(staging, 'part');
    const manifest = await writeArchive(options, staging, part);
    await rename(part, file);
    await syncDirectory(dirname(file));
    return manifest;
  } catch (error) {
    if (codeOf(error) === '' && !(error instanceof TarError)) throw error;
    throw new BackupError(`the backup failed, and ${file} is as it was: ${String(error)}`);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function writeArchive(
  { directory, version, nowMs }: BackupOptions,
  staging: string,
  part: string,
): Promise<Manifest> {
  const source = join(directory, 'queue.db');
  const copy = join(staging, 'queue.db');
  copyDatabase(source, copy);
  const archive = await open(part, 'wx', 0o600);
  try {
    const tar = tarWriter(archive, nowMs);
    const spooled = await addSpool(tar, directory, copy);
    const counts = finishCopy(copy, source, spooled.gone);
    const historyCopy = join(staging, 'history.db');
    copyDatabase(join(directory, 'history.db'), historyCopy);
    const files = [
      ...spooled.files,
      ...(await addTokens(tar, join(directory, 'tokens'))),
      await addFile(tar, 'history.db', historyCopy),
      await addFile(tar, 'queue.db', copy),
    ];
    const manifest: Manifest = {
      format: 1,
      relayd: version,
      madeAt: new Date(nowMs).toISOString(),
      directory,
      ...counts,
      history: countOf(historyCopy, 'SELECT COUNT(*) FROM history'),
      files,
    };
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    await tar.add(MANIFEST_NAME, text.length, [text]);
    await tar.end();
    await archive.sync();
    return manifest;
  } finally {
    await archive.close();
  }
}

/** Its mode is that of the directory it lies in: 0700. */
function copyDatabase(from: string, to: string): void {
  const db = new Sqlite(from, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    db.prepare('VACUUM INTO ?').run(to);
  } finally {
    db.close();
  }
}

interface Spooled {
  readonly files: readonly TarEntry[];
  /** Numbers of the messages whose body is no longer there. */
  readonly gone: readonly number[];
}

async function addSpool(tar: TarWriter, directory: string, copy: string): Promise<Spooled> {
  const rows = reading(copy, (db) =>
    db
      .prepare<[], { id: number; spool_file: string }>(
        'SELECT id, spool_file FROM messages WHERE spool_file IS NOT NULL ORDER BY id',
      )
      .all(),
  );
  const taken = new Map<string, TarEntry | null>();
  for (const { spool_file: name } of rows) {
    if (taken.has(name)) continue;
    const path = join(spoolDirectoryOf(directory), name);
    const entry = await addFile(tar, `spool/${name}`, path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
    taken.set(name, entry);
  }
  return {
    files: [...taken.values()].filter((entry) => entry !== null),
    gone: rows.filter(({ spool_file: name }) => taken.get(name) === null).map(({ id }) => id),
  };
}

/**
 * Takes out what was settled while the spool was read, and marks what was under way as in doubt:
 * whoever restores this cannot know how far it came.
 */
function finishCopy(
  copy: string,
  source: string,
  gone: readonly number[],
): Pick<Manifest, 'messages' | 'recipients' | 'missing'> {
  const still = reading(source, (live) => {
    const read = live.prepare<[number], number>('SELECT id FROM messages WHERE id = ?').pluck();
    return new Set(gone.filter((id) => read.get(id) !== undefined));
  });
  const db = new Sqlite(copy);
  try {
    db.pragma('foreign_keys = ON');
    db.prepare("UPDATE runs SET boot = 'backup'").run();
    for (const id of gone.filter((one) => !still.has(one))) {
      db.prepare('DELETE FROM recipients WHERE message_id = ?').run(id);
      db.prepare('DELETE FROM messages WHERE id = ?').run(id);
    }
    const states = db
      .prepare<[], [string, number]>('SELECT state, COUNT(*) FROM recipients GROUP BY state')
      .raw()
      .all();
    return {
      messages: Number(db.prepare('SELECT COUNT(*) FROM messages').pluck().get()),
      recipients: Object.fromEntries(states),
      missing: [...still].map((id) => messageIdFromNumber(id)),
    };
  } finally {
    db.close();
  }
}

/** What providers handed out, beside the configuration. */
async function addTokens(tar: TarWriter, directory: string): Promise<TarEntry[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const entries: TarEntry[] = [];
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    entries.push(await addFile(tar, `tokens/${name}`, join(directory, name)));
  }
  return entries;
}

/** Rejects with ENOENT before anything is written. */
async function addFile(tar: TarWriter, name: string, path: string): Promise<TarEntry> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return await tar.add(name, size, handle.createReadStream({ autoClose: false }));
  } finally {
    await handle.close();
  }
}

function countOf(path: string, sql: string): number {
  return reading(path, (db) => Number(db.prepare(sql).pluck().get()));
}

function reading<T>(path: string, work: (db: Database) => T): T {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}
