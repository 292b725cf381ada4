import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { StoreNotice } from '../../../src/queue/core.ts';
import { type OpenedQueue, openQueue } from '../../../src/queue/open-queue.ts';
import type { QueueStore } from '../../../src/relay/ports.ts';
import { T0 } from '../../contract/fixtures.ts';
import { openInProcessStore } from '../../contract/in-process-store.ts';

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-queue-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface TestStore {
  readonly store: QueueStore;
  readonly notices: StoreNotice[];
}

/** A store in this process that is closed with the test. */
export function testStore(directory: string): TestStore {
  const notices: StoreNotice[] = [];
  const report = (notice: StoreNotice) => void notices.push(notice);
  const store = openInProcessStore({ directory, clock: () => T0, report });
  onTestFinished(() => store.close());
  return { store, notices };
}

export function openBare(directory: string): OpenedQueue {
  return openQueue({ directory, clock: () => T0, report: () => {} });
}

/** Works on a database file behind the daemon's back. */
export function tamper(directory: string, work: (db: Database) => void, name = 'queue.db'): void {
  const db = new Sqlite(join(directory, name));
  try {
    work(db);
  } finally {
    db.close();
  }
}
