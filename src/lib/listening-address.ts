import { readFileSync, readlinkSync } from 'node:fs';
import { SocketAddress } from 'node:net';

/** proc(5), /proc/net/tcp: the state of a socket that listens. */
const listening = '0A';

/**
 * Where a TCP socket that this process was given listens, addresses in their shortest form. Null
 * when the descriptor is something else, or when there is no /proc to ask.
 */
export function listeningAddress(descriptor: number): { host: string; port: number } | null {
  try {
    const socket = readlinkSync(`/proc/self/fd/${descriptor}`);
    const rows = ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/self/net/${table}`, 'utf8').split('\n'),
    );
    for (const row of rows) {
      const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
      if (state === listening && socket === `socket:[${inode}]`) return decoded(local);
    }
    return null;
  } catch (error) {
    // No such descriptor, or a system without these files: nothing is known then.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether both are ways to write one address. */
export function sameHost(one: string, other: string): boolean {
  return shortest(one) === shortest(other);
}

/** `0100007F:024B`: 32-bit words as the machine keeps them, and the port. */
function decoded(local: string): { host: string; port: number } {
  const [words = '', port = ''] = local.split(':');
  const bytes = Buffer.from(words, 'hex');
  for (let offset = 0; offset < bytes.length; offset += 4)
    bytes.subarray(offset, offset + 4).reverse();
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  const host = bytes.length === 4 ? bytes.join('.') : shortest(groups.join(':'));
  return { host, port: Number.parseInt(port, 16) };
}

function shortest(host: string): string {
  if (!host.includes(':')) return host;
  return new SocketAddress({ address: host, family: 'ipv6' }).address;
}
