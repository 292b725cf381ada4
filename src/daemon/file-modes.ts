import { statSync } from 'node:fs';
import type { Settings } from '../relay/settings.ts';

/** What others may do to the relay's files that they must not, one line each. */
export interface FileModes {
  /** Whoever may do this owns the relay: it does not start. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const OTHERS_WRITE = 0o002;
const GROUP_WRITE = 0o020;
const NOT_OWNER = 0o077;

/**
 * Looks at what the relay trusts. Secrets are looked at when they are read (config/secrets); the
 * sockets get their modes from us.
 */
export function fileModes({ file, queue }: Pick<Settings, 'file' | 'queue'>): FileModes {
  const [errors, warnings]: [string[], string[]] = [[], []];
  const configured = modeOf(file);
  if (configured & OTHERS_WRITE) {
    errors.push(`${file} may be written by everybody, who could run commands as relayd; chmod o-w`);
  } else if (configured & GROUP_WRITE) {
    warnings.push(`${file} may be written by its group, who could run commands as relayd`);
  }
  const { directory } = queue;
  const kept = modeOf(directory);
  if (kept & OTHERS_WRITE) {
    errors.push(`${directory} may be written by everybody: mail could be taken away; chmod 700 it`);
  } else if (kept & NOT_OWNER) {
    warnings.push(`${directory} may be looked into by others; chmod 700 it`);
  }
  return { errors, warnings };
}

/** 0: there is nothing yet, and the relay makes it. */
function modeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
}
