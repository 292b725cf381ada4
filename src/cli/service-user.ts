import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EX_DATAERR } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';

/** Who the daemon runs as. */
export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  /** Its own group first. */
  readonly gids: readonly number[];
}

/** What systemd/relayd.service says. */
const usualName = 'relayd';

/**
 * The user of that name; without one `relayd`, or whoever runs this where there is none. Rejects
 * with Failure for an unknown name.
 */
export function serviceUser(name: string | undefined): ServiceUser {
  const found = userNamed(name ?? usualName);
  if (found !== null) return found;
  if (name !== undefined) {
    throw new Failure('no-such-user', EX_DATAERR, `there is no user ${name} on this machine`);
  }
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const own = entries('/etc/passwd').find(([, , id]) => Number(id) === uid)?.[0];
  return { name: own ?? String(uid), uid, gids: [gid, ...(process.getgroups?.() ?? [])] };
}

/** passwd(5) and group(5); null when the machine does not know it. */
export function userNamed(name: string): ServiceUser | null {
  const [, , uid, gid] = entries('/etc/passwd').find(([entry]) => entry === name) ?? [];
  if (uid === undefined) return null;
  const others = entries('/etc/group').flatMap(([, , id, members = '']) =>
    members.split(',').includes(name) ? [Number(id)] : [],
  );
  return { name, uid: Number(uid), gids: [Number(gid), ...others] };
}

function entries(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    // A machine that keeps its users elsewhere: nothing is known of them here.
    return [];
  }
}

/** Bits of one digit of a mode. */
export const READ = 4;
export const WRITE = 2;
export const ENTER = 1;

/**
 * Why the user may not, in words; null when it may. Decides by owner, group and mode, as the kernel
 * does without access lists.
 */
export function obstacle(path: string, user: ServiceUser, wanted: number): string | null {
  const way = parents(path).map((directory) => missing(directory, user, ENTER));
  return way.find((problem) => problem !== null) ?? missing(path, user, wanted);
}

/** From the root down, without the path itself. */
function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...parents(parent), parent];
}

function missing(path: string, { name, uid, gids }: ServiceUser, wanted: number): string | null {
  let facts: ReturnType<typeof statSync>;
  try {
    facts = statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `${path} does not exist`;
    return `${path} cannot be looked at (${code})`;
  }
  if (uid === 0) return null;
  const shift = facts.uid === uid ? 6 : gids.includes(facts.gid) ? 3 : 0;
  const allowed = (facts.mode >> shift) & 7;
  if ((allowed & wanted) === wanted) return null;
  const mode = (facts.mode & 0o7777).toString(8).padStart(4, '0');
  const what = wanted === ENTER ? 'enter' : wanted === READ ? 'read' : 'write to';
  return `${name} may not ${what} ${path} (mode ${mode}, owner ${facts.uid}, group ${facts.gid})`;
}
