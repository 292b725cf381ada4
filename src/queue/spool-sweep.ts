import { opendirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Statements } from './statements.ts';

/**
 * Removes files that no message names: their accept never committed, or the daemon stopped between
 * a settlement and the removal. Only at start, before anything new is spooled. Returns how many.
 */
export function sweepSpool(directory: string, sql: Pick<Statements, 'spoolUser'>): number {
  const spool = opendirSync(directory);
  let removed = 0;
  try {
    for (let entry = spool.readSync(); entry !== null; entry = spool.readSync()) {
      if (!entry.isFile() || sql.spoolUser.get(entry.name) !== undefined) continue;
      rmSync(join(directory, entry.name));
      removed += 1;
    }
  } finally {
    spool.closeSync();
  }
  return removed;
}
