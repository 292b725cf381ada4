import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { greets } from '../../test/support/postfix.ts';
import { guard } from '../guard.ts';
import type { Peer } from './peer.ts';

export interface Launch {
  /** Removed at the end. */
  readonly directory: string;
  readonly port: number;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<NodeJS.ProcessEnv>;
  /** A view of the file system of its own, in which `command` may mount. */
  readonly ownMounts?: boolean;
}

/**
 * Starts a server in a process-id namespace of its own: what its daemons orphan stays below it, so that
 * their processor time is counted, and all of it ends with the first process. Needs root.
 */
export async function launch(server: Launch): Promise<Peer> {
  const logFile = join(server.directory, 'output.log');
  const log = openSync(logFile, 'a');
  const mounts = server.ownMounts === true ? ['--mount'] : [];
  const outer = ['--pid', '--fork', '--kill-child', ...mounts, '--', ...server.command];
  const child = spawn('unshare', outer, {
    cwd: server.directory,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...server.environment },
  });
  const forget = guard(child.pid ?? 0, 'SIGKILL');
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL'); // nobody needs its queue any more
      await exited;
    }
    forget();
    await rm(server.directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await greets(server.port, child);
  } catch (error) {
    const said = readFileSync(logFile, 'utf8');
    await close();
    throw new Error(`${server.command.join(' ')} does not start: ${String(error)}\n${said}`);
  }
  return { port: server.port, pid: child.pid ?? 0, close };
}
