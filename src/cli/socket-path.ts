import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  defaultConfigFile,
  defaultControlSocket,
  defaultQueueDirectory,
} from '../control/paths.ts';
import { EX_CONFIG, EX_NOPERM } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';

export interface Location {
  readonly socket?: string | undefined;
  readonly config?: string | undefined;
}

/** The file to use: --config, else RELAYD_CONFIG, else the usual place. */
export function configFile(
  location: Location,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return location.config ?? environment.RELAYD_CONFIG ?? defaultConfigFile;
}

/** The file that a command is given, in place of the usual one. */
export function fileOr(argument: unknown, location: Location): Location {
  return argument === undefined ? location : { config: String(argument) };
}

/**
 * The control socket: --socket, else `control.socket` of the configuration file. Only this key is
 * read, so that neither secrets nor faults elsewhere in the file matter: the daemon may well be
 * running without them.
 */
export async function socketPath(
  location: Location,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (location.socket !== undefined) return location.socket;
  const ways = { key: ['control', 'socket'], instead: 'name it with --socket' };
  return (await pathIn(location, environment, ways)) ?? defaultControlSocket;
}

/** `queue.directory`, read in the same way. */
export async function queueDirectory(
  location: Location,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const ways = { key: ['queue', 'directory'], instead: 'name it with --directory' };
  return (await pathIn(location, environment, ways)) ?? defaultQueueDirectory;
}

interface Ways {
  readonly key: readonly string[];
  /** What to do when the file cannot be read. */
  readonly instead: string;
}

async function pathIn(
  location: Location,
  environment: Readonly<Record<string, string | undefined>>,
  ways: Ways,
): Promise<string | null> {
  const file = configFile(location, environment);
  const text = readText(file, { named: file !== defaultConfigFile, ways });
  if (text === null) return null;
  const { parseDocument } = await import('yaml');
  const path: unknown = parseDocument(text, { logLevel: 'silent' }).getIn(ways.key);
  // As everywhere in relay.yaml, a relative name starts at the file.
  return typeof path === 'string' ? resolve(dirname(file), path) : null;
}

/** Null when the usual file cannot be read: members of the group relayd need not be able to. */
function readText(file: string, { named, ways }: { named: boolean; ways: Ways }): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!named) return null;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new Failure('no-config', EX_CONFIG, `there is no configuration file ${file}`);
    }
    const key = ways.key.join('.');
    const text = `cannot read ${file} to find ${key} (${message}); ${ways.instead}`;
    throw new Failure('no-config', code === 'EACCES' ? EX_NOPERM : EX_CONFIG, text);
  }
}
