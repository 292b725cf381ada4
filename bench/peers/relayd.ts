import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { end, greets } from '../../test/support/postfix.ts';
import { guard } from '../guard.ts';
import type { Peer, PeerOptions, Secure } from './peer.ts';

const bin = join(import.meta.dirname, '../../bin');

type Section = Readonly<Record<string, unknown>>;

export interface RelaydOptions extends PeerOptions {
  /** More accounts and routes, before those of the sink. */
  readonly accounts?: Section;
  readonly routes?: readonly Section[];
  /** Lays mail into the queue's directory before the start. */
  readonly fill?: (queueDirectory: string) => void;
}

export interface RelaydPeer extends Peer {
  /** From the start of its process until it greets. */
  readonly startedInMs: number;
  relayctl(...args: readonly string[]): Promise<void>;
}

/** An account of the sink, with as many connections as the bench's Postfix opens at first. */
export const sinkAccount = (port: number, secure?: Secure): Section => ({
  host: '127.0.0.1',
  port,
  auth: 'none',
  tls:
    secure?.upstream === true
      ? { mode: 'starttls', ca: secure.caFile, servername: 'sink.test' }
      : { mode: 'none' },
  limits: { connections: 20, messages_per_connection: 2000 },
});

/** The log goes to a file, as every peer's. */
function settings(directory: string, port: number, options: RelaydOptions): Section {
  const { sinkPort, secure } = options;
  const app = { senders: ['*'] };
  return {
    hostname: 'relay.test',
    listeners: [{ listen: `127.0.0.1:${port}`, ...(secure ? tls(secure) : { auth: 'optional' }) }],
    clients: secure
      ? { [secure.username]: { ...app, password: secure.password } }
      : { app: { ...app, networks: ['127.0.0.0/8'] } },
    accounts: { ...options.accounts, sink: sinkAccount(sinkPort, secure) },
    routes: [...(options.routes ?? []), { sender: '*', accounts: ['sink'] }],
    queue: { directory: join(directory, 'queue') },
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: `unix:${join(directory, 'observe.sock')}` },
  };
}

const tls = ({ certificateFile, keyFile }: Secure): Section => ({
  auth: 'required',
  tls: 'starttls',
  certificate: certificateFile,
  key: keyFile,
});

export async function startRelayd(options: RelaydOptions): Promise<RelaydPeer> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-relayd-'));
  const port = await freePort();
  const file = join(directory, 'relay.yaml');
  writeFileSync(file, JSON.stringify(settings(directory, port, options)), { mode: 0o600 });
  options.fill?.(join(directory, 'queue'));
  const logFile = join(directory, 'log');
  const log = openSync(logFile, 'a');
  const startMs = performance.now();
  const child = spawn(join(bin, 'relayd'), ['--config', file], { stdio: ['ignore', log, log] });
  const forget = guard(child.pid ?? 0);
  const close = async () => {
    await end(child);
    forget();
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
    port,
    pid: child.pid ?? 0,
    startedInMs: performance.now() - startMs,
    close,
    relayctl: async (...args) => {
      await promisify(execFile)(join(bin, 'relayctl'), ['--config', file, ...args]);
    },
  };
}
