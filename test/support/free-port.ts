import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below what Linux gives to outgoing connections and to port 0 (ip(7), ip_local_port_range: from
// 32768): what is free here stays free until somebody asks for this very number, also while its
// daemon is away for a restart.
const FROM = 20_000;
const BELOW = 32_768;

/** A TCP port of 127.0.0.1 on which nothing listens, drawn so that two that draw hardly meet. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, BELOW);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
