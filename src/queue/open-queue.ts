import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../relay/ports.ts';
import { createAftermath, createTally } from './aftermath.ts';
import type { Core, StoreNotice } from './core.ts';
import { openDatabase } from './database.ts';
import { historyFile, queueFile } from './database-files.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { createEngine, type Engine } from './engine.ts';
import { openFault } from './faults.ts';
import { type History, openHistory } from './history.ts';
import { QueueOpenError } from './open-error.ts';
import { spoolDirectoryOf } from './spool-directory.ts';
import { sweepSpool } from './spool-sweep.ts';
import { prepareStatements, type Statements } from './statements.ts';

export interface OpenedQueue {
  readonly engine: Engine;
  /** Pays what is owed, closes the files and gives the directory free. */
  close(): void;
}

export interface OpenQueueOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly report: (notice: StoreNotice) => void;
}

/**
 * Opens the queue of a directory for this process alone. Throws QueueOpenError, then nothing stays
 * open.
 */
export function openQueue(options: OpenQueueOptions): OpenedQueue {
  const { directory } = options;
  const opened: { close(): void }[] = [];
  try {
    createDirectory(directory);
    const lock: DirectoryLock = lockDirectory(directory);
    opened.unshift({ close: lock.release });
    createDirectory(spoolDirectoryOf(directory));
    const db = openDatabase(queueFile(directory));
    opened.unshift(db);
    const history = openHistoryDatabase(options);
    opened.unshift(history);
    const core = createCore(options, db, history);
    sweepSpool(core.spoolDirectory, core.sql);
    const engine = createEngine(core);
    opened.unshift({ close: engine.settleDebts });
    return { engine, close: () => closeAll(opened) };
  } catch (error) {
    closeAll(opened);
    throw openFault(error, directory);
  }
}

function closeAll(opened: readonly { close(): void }[]): void {
  for (const one of opened) one.close();
}

/**
 * 0700 when we make it; the mode of one that exists is its owner's business, our files in it are
 * 0600.
 */
function createDirectory(path: string): void {
  if (existsSync(path)) return;
  // Not `recursive`: where nothing can be made, in /proc for instance, Node tries it for ever.
  createDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** The history informs and no mail depends on it: a damaged one is put aside under another name. */
function openHistoryDatabase({ directory, clock, report }: OpenQueueOptions): History {
  const file = historyFile(directory);
  const { path } = file;
  const open = () => openDatabase(file);
  try {
    return openHistory(open());
  } catch (error) {
    if (!(error instanceof QueueOpenError) || error.problem !== 'damaged') throw error;
    const aside = `${path}.damaged-${clock()}`;
    for (const end of ['', '-wal', '-shm']) {
      if (existsSync(path + end)) renameSync(path + end, aside + end);
    }
    const detail = `${path} is damaged; it was kept as ${aside} and a new one begun`;
    report({ is: 'fault', fault: 'history', detail });
    return openHistory(open());
  }
}

function createCore(options: OpenQueueOptions, db: Database, history: History): Core {
  const sql: Statements = prepareStatements(db);
  const tally = createTally();
  for (const { lane, state, count } of sql.tally.all()) tally.add(lane, state, count);
  const stored = sql.readFact.get('last_message_number') ?? 0;
  const highest = Math.max(stored, sql.highestId.get() ?? 0, history.highestId());
  return {
    db,
    sql,
    history,
    tally,
    aftermath: createAftermath(),
    clock: options.clock,
    report: options.report,
    directory: options.directory,
    spoolDirectory: spoolDirectoryOf(options.directory),
    runs: new Map(),
    numbers: { highest, stored: highest },
    totals: { commits: 0, operations: 0, tookMs: 0, longestMs: 0 },
  };
}
