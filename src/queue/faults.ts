import { StoreError } from '../relay/ports.ts';
import { QUEUE_APPLICATION_ID, QUEUE_MIGRATIONS } from './migrations.ts';
import { type OpenProblem, QueueOpenError } from './open-error.ts';

/**
 * SQLite's result code (`SQLITE_FULL`) or the system's (`ENOSPC`); '' when the error carries none.
 */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

const FULL = /^(?:SQLITE_FULL|ENOSPC|EDQUOT|EFBIG)$/;
const ENVIRONMENT = new RegExp(
  '^(?:SQLITE_(?:IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|BUSY|LOCKED|NOMEM|PERM|AUTH|PROTOCOL)|' +
    'E(?:IO|ROFS|ACCES|PERM|MFILE|NFILE|NOENT|NOTDIR|NODEV|NXIO)$)',
);

/**
 * What the storage could not do, as the port says it; null when the error is a bug and no fault of
 * the storage.
 */
export function storeFault(error: unknown): StoreError | null {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? `${code}: ${error.message}` : code;
  if (FULL.test(code)) return new StoreError('full', text);
  return ENVIRONMENT.test(code) ? new StoreError('io', text) : null;
}

const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;
const UNWRITABLE =
  /^(?:SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR)|E(?:ACCES|PERM|ROFS|NOENT|NOTDIR|IO)$)/;

/** The same failures while opening, with advice. Bugs are passed on unchanged. */
export function openFault(error: unknown, path: string): unknown {
  const code = codeOf(error);
  const detail = error instanceof Error ? error.message : code;
  const problem: OpenProblem | null = DAMAGED.test(code)
    ? 'damaged'
    : FULL.test(code)
      ? 'full'
      : UNWRITABLE.test(code)
        ? 'unwritable'
        : null;
  if (problem === null) return error;
  if (problem === 'damaged') return damaged(path, detail);
  const what = problem === 'full' ? 'the disk is full' : 'it cannot be written';
  return new QueueOpenError(problem, `cannot open ${path}: ${what} (${code}: ${detail})`);
}

/** Names the way back; the file itself is never touched. */
export function damaged(path: string, detail: string): QueueOpenError {
  const marks =
    `PRAGMA application_id = ${QUEUE_APPLICATION_ID}; ` +
    `PRAGMA user_version = ${QUEUE_MIGRATIONS.length};`;
  return new QueueOpenError(
    'damaged',
    `${path} is damaged (${detail}). Nothing was changed. Keep a copy of the directory, then ` +
      'either put back a backup, or save what can be read with ' +
      `(sqlite3 ${path} .dump | sed 's/^ROLLBACK.*/COMMIT;/'; echo '${marks}') | sqlite3 new.db ` +
      `and put new.db (mode 0600, same owner) in its place, ${path}-wal and -shm moved away; ` +
      'or move the file away to start with an empty queue.',
  );
}
