import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeCa, makeCertificate } from '../support/certificates.ts';
import type { Sent } from './client.ts';
import type { Machine } from './machine.ts';

const here = import.meta.dirname;

/** An upstream in the network of the machine. */
export interface Upstream {
  /** Forward-paths of the messages it has taken, in their order. */
  readonly taken: readonly string[];
  close(): void;
}

/** Starts an upstream with STARTTLS whose certificate the machine trusts. */
export async function startUpstream(
  machine: Machine,
  options: { readonly port: number; readonly account: string },
): Promise<Upstream> {
  const ca = await makeCa({ commonName: `upstream on ${options.port}` });
  const pair = await makeCertificate(ca, { names: ['127.0.0.1'] });
  const file = (name: string, text: string): string => {
    const path = join(machine.root, '..', `${options.port}-${name}`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  writeFileSync(join(machine.root, `etc/ssl/certs/upstream-${options.port}.pem`), ca.certificate);
  const child = machine.spawnBeside(process.execPath, [
    join(here, '../support/upstream-main.ts'),
    ...['--port', String(options.port), '--account', options.account],
    ...['--certificate', file('certificate', pair.certificate), '--key', file('key', pair.key)],
  ]);
  const taken: string[] = [];
  const listening = Promise.withResolvers<void>();
  child.once('close', () => listening.reject(new Error('the upstream ended')));
  onLine(child, (line) => {
    const said = JSON.parse(line) as {
      is: string;
      reply?: string | null;
      recipients?: { forwardPath: string }[];
    };
    if (said.is === 'listening') listening.resolve();
    else if (said.reply?.startsWith('2') === true) {
      taken.push(...(said.recipients ?? []).map(({ forwardPath }) => forwardPath));
    }
  });
  await listening.promise;
  return { taken, close: () => void child.stdin?.end() };
}

export interface SendOptions {
  readonly password: string;
  readonly name: string;
  readonly from?: string;
  readonly size?: number;
  readonly everyMs?: number;
}

/** Submits so many messages and tells what became of each. */
export async function submit(
  machine: Machine,
  options: SendOptions & { readonly count: number },
): Promise<readonly Sent[]> {
  const client = startClient(machine, options, ['--count', String(options.count)]);
  await once(client.child, 'close');
  return client.sent;
}

/** Submits until `stop`. */
export function submitAlong(
  machine: Machine,
  options: SendOptions,
): { readonly sent: readonly Sent[]; stop(): Promise<readonly Sent[]> } {
  const client = startClient(machine, options, []);
  const closed = once(client.child, 'close');
  return {
    sent: client.sent,
    async stop() {
      client.child.stdin?.end();
      await closed;
      return client.sent;
    },
  };
}

function startClient(machine: Machine, options: SendOptions, more: readonly string[]) {
  const child = machine.spawnBeside(process.execPath, [
    join(here, 'client.ts'),
    ...['--password', options.password, '--name', options.name],
    ...['--from', options.from ?? 'a@shop.example'],
    ...['--size', String(options.size ?? 100), '--every', String(options.everyMs ?? 0)],
    ...more,
  ]);
  const sent: Sent[] = [];
  onLine(child, (line) => void sent.push(JSON.parse(line) as Sent));
  return { child, sent };
}

function onLine({ stdout }: ChildProcess, heard: (line: string) => void): void {
  if (stdout !== null) createInterface({ input: stdout }).on('line', heard);
}

/** Names of the units' properties to their values, as `systemctl show` has them. */
export async function show(
  machine: Machine,
  unit: string,
  ...properties: readonly string[]
): Promise<Readonly<Record<string, string>>> {
  const out = await machine.must('systemctl', ['show', unit, `--property=${properties.join()}`]);
  return Object.fromEntries(
    out
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
