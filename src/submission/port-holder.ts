import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * The process that listens on a TCP port, as `name (pid 123)`: for the error that says the port is in use.
 * Null when /proc does not tell, for instance because the process is another user's.
 */
export async function portHolder(port: number): Promise<string | null> {
  try {
    const inodes = new Set<string>();
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      for (const inode of listeningInodes(await readFile(table, 'latin1').catch(() => ''), port)) {
        inodes.add(inode);
      }
    }
    if (inodes.size === 0) return null;
    for (const pid of await readdir('/proc')) {
      if (/^\d+$/.test(pid) && (await holds(pid, inodes))) {
        const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
        return `${name} (pid ${pid})`;
      }
    }
    return null;
  } catch {
    // A system without /proc, or a process that ended meanwhile: the answer is a courtesy.
    return null;
  }
}

/** proc(5): local address, state 0A (listening) and inode are columns 2, 4 and 10. */
function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const listens = columns[3] === '0A' && columns[1]?.endsWith(`:${hexPort}`);
    return listens ? (columns[9] ?? []) : [];
  });
}

async function holds(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const file of files) {
    const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
