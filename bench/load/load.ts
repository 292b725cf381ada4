import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Secure } from '../peers/peer.ts';

export interface Load {
  readonly port: number;
  readonly sessions: number;
  readonly messages: number;
  readonly bytes: number;
  /** Sessions stay open from message to message instead of one message each. */
  readonly held: boolean;
}

/** What only the bench's own client does; then it says how long messages took, from connecting or from MAIL to the last 250. */
export interface ClientLoad extends Load {
  readonly secure?: Secure;
  readonly senders?: { readonly count: number; readonly domains: number };
}

export interface ClientReport {
  readonly tookMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** No load of ours takes longer by itself. */
const longestMs = 600_000;

/** Postfix's smtp-source; resolves when every message has been acknowledged. */
export async function submit(load: Load): Promise<void> {
  const source = spawn('smtp-source', [
    ...(load.held ? ['-d'] : []),
    ...['-s', String(load.sessions), '-m', String(load.messages), '-l', String(load.bytes)],
    ...['-M', 'bench.test', '-f', 'app@bench.test', '-t', 'somebody@sink.test', '-C', '20'],
    `127.0.0.1:${load.port}`,
  ]);
  await output('smtp-source', source);
}

/** The bench's own client, in a process of its own. */
export async function submitByClient(load: ClientLoad): Promise<ClientReport> {
  const main = join(import.meta.dirname, 'client-main.ts');
  const client = spawn(process.execPath, [main, JSON.stringify(load)]);
  return JSON.parse(await output('the load', client)) as ClientReport;
}

async function output(name: string, child: ChildProcess): Promise<string> {
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
  const read = (stream: ChildProcess['stdout']) => (stream === null ? '' : text(stream));
  const [said, complaint] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    once(child, 'close'),
  ]);
  clearTimeout(timer);
  if (child.exitCode !== 0) throw new Error(`${name} failed: ${complaint.slice(-1000).trim()}`);
  return said;
}
