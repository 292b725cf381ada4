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
