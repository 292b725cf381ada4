import type { Database } from 'better-sqlite3';
import { sql as history001 } from './migrations/history-001-first-schema.ts';
import { sql as history002 } from './migrations/history-002-search.ts';
import { sql as history003 } from './migrations/history-003-unknown-feedback.ts';
import { sql as queue001 } from './migrations/queue-001-first-schema.ts';
import { sql as queue002 } from './migrations/queue-002-certificates.ts';
import { sql as queue003 } from './migrations/queue-003-quotas.ts';
import { sql as queue004 } from './migrations/queue-004-safety.ts';
import { sql as queue005 } from './migrations/queue-005-credentials.ts';
import { sql as queue006 } from './migrations/queue-006-account-hints.ts';
import { sql as queue007 } from './migrations/queue-007-failover.ts';
import { sql as queue008 } from './migrations/queue-008-reasons.ts';
import { sql as queue009 } from './migrations/queue-009-steering.ts';
import { sql as queue010 } from './migrations/queue-010-suppression.ts';

/**
 * Append only: a migration that has been released is never edited, a change is a new file at the
 * end. user_version counts how many of them a file has seen.
 */
export const QUEUE_MIGRATIONS: readonly string[] = [
  queue001,
  queue002,
  queue003,
  queue004,
  queue005,
  queue006,
  queue007,
  queue008,
  queue009,
  queue010,
];
export const HISTORY_MIGRATIONS: readonly string[] = [history001, history002, history003];

/** 'rlyq' and 'rlyh' in the files' headers. */
export const QUEUE_APPLICATION_ID = 0x726c7971;
export const HISTORY_APPLICATION_ID = 0x726c7968;

export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** Brings an older or new file up to date, each step in its own transaction. */
export function migrate(db: Database, migrations: readonly string[]): void {
  for (let version = schemaVersion(db); version < migrations.length; version++) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(migrations[version] ?? '');
      db.pragma(`user_version = ${version + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}
