import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const MANIFEST_NAME = 'manifest.json';

/** The last file of a backup: what it holds. Without it a backup is not whole. */
export const Manifest = z.object({
  format: z.literal(1),
  /** Version of the relayd that made it. */
  relayd: z.string(),
  /** When, as ISO 8601. */
  madeAt: z.string(),
  directory: z.string(),
  messages: z.int(),
  /** Recipients by state, and all that is settled. */
  recipients: z.record(z.string(), z.int()),
  history: z.int(),
  /** Messages whose body was missing in the spool already. */
  missing: z.array(z.string()),
  files: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })),
});

export type Manifest = z.infer<typeof Manifest>;

/** A backup or a queue that cannot be used; the message says what to do. */
export class BackupError extends Error {
  override name = 'BackupError';
}

/** Throws BackupError when there is no queue in the directory. */
export function refuseNothing(directory: string): void {
  if (existsSync(join(directory, 'queue.db'))) return;
  throw new BackupError(`there is no queue in ${directory}`);
}
