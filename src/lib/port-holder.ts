import { readdir, readFile, readlink } from 'node:fs/promises';

/** proc(5), /proc/net/tcp: the state of a socket that listens. */
const listening = '0A';

/**
 * Who listens on a TCP port of this machine, as `nginx (pid 812)`: for the message that a port is
 * taken. Null when nobody does, or when the process belongs to another user and cannot be looked
 * into.
 */
export async function findPortHolder(port: number): Promise<string | null> {
  const wanted = new Set(
    (await Promise.all(['tcp', 'tcp6'].map((table) => inodes(table, port)))).flat(),
  );
  if (wanted.size === 0) return null;
  for (const pid of (await listOrNone('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of await listOrNone(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(ignoreGone);
      if (target === null || !wanted.has(target)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(ignoreGone);
      return `${name?.trim() ?? 'a process'} (pid ${pid})`;
    }
  }
  return null;
}

/** Sockets that listen on the port, as /proc/PID/fd names them: `socket:[12345]`. */
async function inodes(table: string, port: number): Promise<string[]> {
  const text = (await readFile(`/proc/net/${table}`, 'utf8').catch(ignoreGone)) ?? '';
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && local?.endsWith(suffix) ? [`socket:[${inode}]`] : [];
  });
}

async function listOrNone(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ignoreGone)) ?? [];
}

/**
 * Processes end while one looks, some may not be looked into, and not every system has /proc:
 * nothing is known then.
 */
function ignoreGone(): null {
  return null;
}
