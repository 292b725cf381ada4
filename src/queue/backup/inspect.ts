import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { messageIdFromNumber } from '../../relay/message-id.ts';
import { codeOf, storeFault } from '../faults.ts';
import {
  HISTORY_APPLICATION_ID,
  HISTORY_MIGRATIONS,
  QUEUE_APPLICATION_ID,
  QUEUE_MIGRATIONS,
  schemaVersion,
} from '../migrations.ts';
import { decodeMessage, MESSAGE_COLUMNS } from '../rows.ts';
import { spoolDirectoryOf } from '../spool-directory.ts';
import { findWalDamage } from '../wal-check.ts';
import { refuseNothing } from './manifest.ts';

/** What was found in a queue's directory. */
export interface Inspection {
  readonly directory: string;
  readonly messages: number;
  /** Recipients by state. */
  readonly recipients: Readonly<Record<string, number>>;
  readonly spoolFiles: number;
  readonly history: number;
  /** Settled messages that the search does not find yet. */
  readonly unindexed: number;
  /** Attempts whose final dot is out, or was when the relay stopped. */
  readonly dotted: number;
  /** What is broken, one line each. */
  readonly faults: readonly string[];
  /** What is not as usual, and does no harm. */
  readonly remarks: readonly string[];
}

/** Rows that are read at once; in between a daemon's writes may be checkpointed. */
const page = 1_000;
/** Of one kind of fault; the rest is counted. */
const namedMax = 20;

/**
 * Reads everything and changes nothing; a daemon may be at work on it. Throws BackupError when there
 * is no such directory, and nothing for what is broken: that is what it is asked for.
 */
export function inspectQueue(directory: string): Inspection {
  refuseNothing(directory);
  const faults: string[] = [];
  const remarks: string[] = [];
  const found = { messages: 0, recipients: {}, spoolFiles: 0, history: 0, unindexed: 0, dotted: 0 };
  const look = <T>(file: string, work: (db: Database) => T): T | null => {
    try {
      return reading(join(directory, file), work);
    } catch (error) {
      const fault = storeFault(error);
      if (fault === null && codeOf(error) === '') throw error;
      faults.push(`${file}: ${fault?.message ?? String(error)}`);
      return null;
    }
  };
  const gap = findWalDamage(join(directory, 'queue.db-wal'));
  if (gap !== null) faults.push(`queue.db: ${gap}`);
  const queue = look('queue.db', (db) => {
    faults.push(...checkFile(db, 'queue.db', QUEUE_APPLICATION_ID, QUEUE_MIGRATIONS.length));
    return lookAtQueue(db, directory, faults, remarks);
  });
  const history = look('history.db', (db) => {
    faults.push(...checkFile(db, 'history.db', HISTORY_APPLICATION_ID, HISTORY_MIGRATIONS.length));
    return {
      history: numberOf(db, 'SELECT COUNT(*) FROM history'),
      unindexed: numberOf(db, 'SELECT COUNT(*) FROM unindexed'),
    };
  });
  const dotted = countDots(directory, faults);
  return { directory, ...found, ...queue, ...history, dotted, faults, remarks };
}

function checkFile(db: Database, name: string, applicationId: number, newest: number): string[] {
  const faults: string[] = [];
  if (Number(db.pragma('application_id', { simple: true })) !== applicationId) {
    faults.push(`${name} is a database, but not one of relayd`);
  }
  const version = schemaVersion(db);
  if (version > newest) {
    faults.push(`${name} has schema ${version}; this relayd knows up to ${newest}`);
  }
  const verdicts = db.pragma('integrity_check(20)') as { integrity_check: string }[];
  for (const { integrity_check: text } of verdicts) {
    if (text !== 'ok') faults.push(`${name}: ${text}`);
  }
  const strays = db.pragma('foreign_key_check') as { table: string; rowid: number }[];
  if (strays.length > 0) {
    const tables = [...new Set(strays.map(({ table }) => table))].join(', ');
    faults.push(`${name}: ${strays.length} rows of ${tables} belong to no message`);
  }
  return faults;
}

function lookAtQueue(
  db: Database,
  directory: string,
  faults: string[],
  remarks: string[],
): Pick<Inspection, 'messages' | 'recipients' | 'spoolFiles'> {
  const states = db
    .prepare<[], [string, number]>('SELECT state, COUNT(*) FROM recipients GROUP BY state')
    .raw()
    .all();
  const { unreadable, bodiless, spooled } = readMessages(db);
  name(faults, 'cannot be read', unreadable);
  name(faults, 'no body is stored', bodiless);
  const settled = idsOf(
    db,
    'SELECT id FROM messages m WHERE NOT EXISTS (SELECT 1 FROM recipients WHERE message_id = m.id)',
  );
  name(faults, 'no recipient is left, and the message is still there', settled);
  const files = new Map(spoolFiles(directory));
  const lacking = [...spooled].filter(([file, { bytes }]) => files.get(file) !== bytes);
  // What a daemon has settled since is no fault.
  const still = db.prepare<[number], number>('SELECT 1 FROM messages WHERE id = ?').pluck();
  const lost = lacking.filter(([, { id }]) => still.get(id) !== undefined);
  name(
    faults,
    'its body in the spool is missing or cut short',
    lost.map(([, { id }]) => id),
  );
  const strangers = [...files.keys()].filter((file) => !spooled.has(file));
  if (strangers.length > 0) {
    remarks.push(
      `${strangers.length} files in the spool belong to no message: they are being received now, ` +
        'or go at the next start',
    );
  }
  const quarantined = states.find(([state]) => state === 'quarantined')?.[1] ?? 0;
  if (quarantined > 0) remarks.push(`${quarantined} recipients are quarantined`);
  return {
    messages: numberOf(db, 'SELECT COUNT(*) FROM messages'),
    recipients: Object.fromEntries(states),
    spoolFiles: files.size,
  };
}

interface Messages {
  readonly unreadable: readonly number[];
  readonly bodiless: readonly number[];
  readonly spooled: ReadonlyMap<string, { readonly id: number; readonly bytes: number }>;
}

function readMessages(db: Database): Messages {
  const rows = db
    .prepare<[number, number], unknown[]>(
      `SELECT ${MESSAGE_COLUMNS}, spool_file,
         EXISTS (SELECT 1 FROM bodies WHERE message_id = messages.id)
       FROM messages WHERE id > ? ORDER BY id LIMIT ?`,
    )
    .raw();
  const [unreadable, bodiless]: [number[], number[]] = [[], []];
  const spooled = new Map<string, { id: number; bytes: number }>();
  for (let after = 0, read = page; read === page; ) {
    const found = rows.all(after, page);
    read = found.length;
    for (const row of found) {
      const [file, hasBody] = row.slice(-2);
      const id = Number(row[0]);
      const { message, problem } = decodeMessage(row);
      if (problem !== null) unreadable.push(id);
      if (typeof file === 'string') spooled.set(file, { id, bytes: message.bytes });
      else if (hasBody === 0) bodiless.push(id);
      after = id;
    }
  }
  return { unreadable, bodiless, spooled };
}

function spoolFiles(directory: string): (readonly [string, number])[] {
  const spool = spoolDirectoryOf(directory);
  try {
    return readdirSync(spool).flatMap((file) => {
      const found = statSync(join(spool, file), { throwIfNoEntry: false });
      return found?.isFile() === true ? [[file, found.size] as const] : [];
    });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Slots of 8 bytes; one that is not 0 is taken. */
function countDots(directory: string, faults: string[]): number {
  try {
    const bytes = readFileSync(join(directory, 'dots'));
    if (bytes.length % 8 !== 0) faults.push('dots: it was cut short');
    let taken = 0;
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      if (bytes.readBigUInt64LE(at) !== 0n) taken += 1;
    }
    return taken;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0; // a backup has none
    throw error;
  }
}

function name(faults: string[], what: string, ids: readonly number[]): void {
  for (const id of ids.slice(0, namedMax)) faults.push(`${messageIdFromNumber(id)}: ${what}`);
  if (ids.length > namedMax) faults.push(`and ${ids.length - namedMax} more: ${what}`);
}

const numberOf = (db: Database, sql: string): number => Number(db.prepare(sql).pluck().get());
const idsOf = (db: Database, sql: string): number[] => db.prepare<[], number>(sql).pluck().all();

/** Where SQL meets a file of an operator's, who may be asked to look at any directory. */
function reading<T>(path: string, work: (db: Database) => T): T {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}
