import { dirname } from 'node:path';
import { isUnread } from '../config/secrets.ts';
import { EX_CONFIG } from '../lib/sysexits.ts';
import type { Settings } from '../relay/settings.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { configFile, type Location } from './socket-path.ts';

/**
 * The settings of the file for commands that need no daemon. Rejects with Failure when it has
 * errors.
 */
export async function settingsOf(location: Location, io: Io): Promise<Settings> {
  const [{ loadSettings }, { formatProblem }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/problem.ts'),
  ]);
  const loaded = await loadSettings(configFile(location, io.environment), io.environment);
  if (loaded.ok) return loaded.settings;
  const problems = loaded.problems.map(formatProblem).join('\n');
  throw new Failure('config', EX_CONFIG, problems);
}

/** Two files as they are compared, and what could not be read for that. */
export interface Compared {
  readonly before: Settings;
  readonly after: Settings;
  /** One line each. */
  readonly unread: readonly string[];
}

/**
 * Two files read alike, also where only the daemon may read their secrets. Rejects with Failure when
 * one has errors.
 */
export async function settingsToCompare(
  files: { readonly before: string; readonly after: string },
  { environment, nowMs }: Io,
): Promise<Compared> {
  const [{ loadSettings }, { formatProblem }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/problem.ts'),
  ]);
  const around = { nowMs: nowMs(), standIns: true };
  const [before, after] = await Promise.all([
    loadSettings(files.before, environment, around),
    loadSettings(files.after, environment, around),
  ]);
  if (before.ok && after.ok) {
    const unread = [...before.warnings, ...after.warnings].filter(isUnread);
    const lines = unread.map((warning) => `${dirname(warning.file)}/${formatProblem(warning)}`);
    return { before: before.settings, after: after.settings, unread: lines };
  }
  const faults = [before, after].flatMap((loaded) => (loaded.ok ? [] : loaded.problems));
  const lines = faults.map((fault) => `${dirname(fault.file)}/${formatProblem(fault)}`);
  throw new Failure('config', EX_CONFIG, lines.join('\n'));
}
