import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { onTestFinished } from 'vitest';
import { type Daemon, type DaemonOptions, startDaemon } from '../support/daemon.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../support/upstream.ts';

/** A directory that goes when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'relayd-e2e-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function upstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const started = await startUpstream(options);
  onTestFinished(() => started.close());
  return started;
}

export async function daemon(options: DaemonOptions): Promise<Daemon> {
  const started = await startDaemon(options);
  onTestFinished(() => started.close());
  return started;
}

/** An account at the upstream, its CA trusted by file. */
export async function accountAt(
  { port, ca }: Upstream,
  login: { username: string; password: string } | null,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const tls: Record<string, unknown> = ca === null ? { mode: 'none' } : { mode: 'starttls' };
  if (ca !== null) {
    tls.ca = join(await temporaryDirectory(), 'ca.pem');
    writeFileSync(String(tls.ca), ca);
  }
  return { host: '127.0.0.1', port, ...(login ?? { auth: 'none' }), tls, ...more };
}

export const app = { password: 'app-password', senders: ['*'] };

/** A configuration with one client `app`, one account `main` and a route for everything. */
export async function simpleConfig(
  server: Upstream,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const login = { username: 'user@relay.test', password: 'upstream-password' };
  return {
    clients: { app },
    accounts: { main: await accountAt(server, login, { identities: ['*'] }) },
    routes: [{ sender: '*', accounts: ['main'] }],
    ...more,
  };
}

export const mainLogin = { 'user@relay.test': 'upstream-password' };

/** Sends as an app would, with nodemailer; resolves with the reply to the final dot. */
export async function submit(
  port: number,
  mail: SendMailOptions,
  login: { user: string; pass: string } = { user: 'app', pass: 'app-password' },
): Promise<string> {
  const transport = createTransport({ host: '127.0.0.1', port, ignoreTLS: true, auth: login });
  try {
    const { response } = await transport.sendMail(mail);
    return response;
  } finally {
    transport.close();
  }
}

/** The queue's id in the relay's reply. */
export function idOf(reply: string): string {
  return /queued as ([0-9a-z]{11})/.exec(reply)?.[1] ?? reply;
}

/** What relayctl --json answers. */
export async function ask<Answer>(relay: Daemon, ...args: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await relay.relayctl('--json', ...args);
  if (code !== 0) throw new Error(`relayctl ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return JSON.parse(stdout) as Answer;
}
