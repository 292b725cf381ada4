import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Core } from './core.ts';
import { codeOf } from './faults.ts';

/**
 * A spooled body goes when the last message that names it is deleted, after the commit: a file
 * without a row is swept at the next start, a row without its file would be a lost message.
 */
export function removeSpoolFile(core: Core, file: string): void {
  if (core.sql.spoolUser.get(file) !== undefined) return;
  core.aftermath.add('later', () => {
    unlink(join(core.spoolDirectory, file)).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return;
      core.report({ is: 'fault', fault: 'spool', detail: String(error) });
    });
  });
}
