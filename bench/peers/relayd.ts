import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/daemon.ts';
import { end, greets } from '../../test/support/postfix.ts';
import type { Peer, PeerKind } from './peer.ts';

const bin = join(import.meta.dirname, '../../bin');

/** smtp-source knows neither AUTH nor TLS: the client is known by its network. The log goes to a file, as Postfix's. */
const settings = (directory: string, port: number, sinkPort: number) => ({
  hostname: 'relay.test',
  listeners: [{ listen: `127.0.0.1:${port}`, auth: 'optional' }],
  clients: { app: { networks: ['127.0.0.0/8'], senders: ['*'] } },
  accounts: {
    sink: {
      host: '127.0.0.1',
      port: sinkPort,
      auth: 'none',
      tls: { mode: 'none' },
      limits: { connections: 20, messages_per_connection: 2000 },
    },
  },
  routes: [{ sender: '*', accounts: ['sink'] }],
  queue: { directory: join(directory, 'queue') },
  control: { socket: join(directory, 'control.sock') },
  observe: { listen: `unix:${join(directory, 'observe.sock')}` },
});

export interface RelaydPeer extends Peer {
  relayctl(...args: readonly string[]): string;
}

export const relayd = {
  name: 'relayd',
  async start(sinkPort: number): Promise<RelaydPeer> {
    const directory = mkdtempSync(join(tmpdir(), 'relayd-bench-'));
    const port = await freePort();
    const file = join(directory, 'relay.yaml');
    writeFileSync(file, JSON.stringify(settings(directory, port, sinkPort)), { mode: 0o600 });
    const logFile = join(directory, 'log');
    const log = openSync(logFile, 'a');
    const child = spawn(join(bin, 'relayd'), ['--config', file], { stdio: ['ignore', log, log] });
    const close = async () => {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    };
    try {
      await greets(port, child);
    } catch (error) {
      const said = readFileSync(logFile, 'utf8');
      await close();
      throw new Error(`relayd does not start: ${String(error)}\n${said}`);
    }
    return {
      name: 'relayd',
      port,
      pid: child.pid ?? 0,
      close,
      relayctl: (...args) =>
        execFileSync(join(bin, 'relayctl'), ['--config', file, ...args], { encoding: 'utf8' }),
    };
  },
} satisfies PeerKind;
