import { join } from 'node:path';
import type { DatabaseFile } from './database.ts';
import {
  HISTORY_APPLICATION_ID,
  HISTORY_MIGRATIONS,
  QUEUE_APPLICATION_ID,
  QUEUE_MIGRATIONS,
} from './migrations.ts';

export function queueFile(directory: string): DatabaseFile {
  return {
    path: join(directory, 'queue.db'),
    applicationId: QUEUE_APPLICATION_ID,
    migrations: QUEUE_MIGRATIONS,
    synchronous: 'FULL',
    mainTables: ['messages', 'recipients', 'accounts', 'quotas', 'facts', 'runs'],
    busyMs: 5_000,
  };
}

export function historyFile(directory: string): DatabaseFile {
  return {
    path: join(directory, 'history.db'),
    applicationId: HISTORY_APPLICATION_ID,
    migrations: HISTORY_MIGRATIONS,
    synchronous: 'NORMAL',
    mainTables: ['history'],
    busyMs: 50, // mail does not wait for it
  };
}
