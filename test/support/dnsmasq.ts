import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export interface Dnsmasq {
  /** `127.0.0.1:port` */
  readonly address: string;
  close(): Promise<void>;
}

/** Debian's dnsmasq on loopback with these lines of its configuration; it asks no other server. */
export async function startDnsmasq(lines: readonly string[]): Promise<Dnsmasq> {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-dnsmasq-'));
  const port = await freePort();
  const file = join(directory, 'dnsmasq.conf');
  const own = [
    `port=${port}`,
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    // Names below these that no line has are not there; for others it would refuse to answer.
    'local=/example/com/net/',
    // It would give up root for a user that its package makes.
    `user=${userInfo().username}`,
    'pid-file=',
  ];
  writeFileSync(file, `${[...own, ...lines].join('\n')}\n`);
  const child = spawn('dnsmasq', ['--keep-in-foreground', '--log-facility=-', '-C', file], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    }
    await rm(directory, { recursive: true });
  };
  try {
    await started(child);
  } catch (error) {
    await close();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, close };
}

/** Its first line of log comes when its sockets are open. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.on('error', reject);
    child.once('exit', () => reject(new Error(`dnsmasq ended: ${log}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (/started, version/.test(log)) resolve();
    });
  });
}
