import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test } from 'vitest';
import { fromEximId } from '../../src/relay/exim-id.ts';
import { runCommand } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { startUpstream } from '../support/upstream.ts';

const root = join(import.meta.dirname, '..', '..');
const tools = '/var/cache/relayd-peers/exim/usr/sbin';

function exim(tool: 'eximstats' | 'exigrep', ...args: string[]): string {
  return execFileSync(join(tools, tool), args, { encoding: 'utf8' });
}

/** A relay that writes Exim's main log into a file, before an upstream that refuses `nobody` and puts `later` off. */
async function relay() {
  const upstream = await startUpstream({
    tls: 'none',
    rules: [
      { at: 'rcpt', path: 'nobody', do: { reply: '550 5.1.1 no such user' } },
      { at: 'rcpt', path: 'later', do: { reply: '450 4.2.1 try later' } },
    ],
  });
  const directory = mkdtempSync(join(tmpdir(), 'relayd-exim-log-'));
  const config = join(directory, 'relay.yaml');
  const log = join(directory, 'mainlog');
  const port = await freePort();
  const settings = {
    hostname: 'relay.test',
    listeners: [{ listen: `127.0.0.1:${port}` }],
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: `127.0.0.1:${await freePort()}` },
    queue: { directory: join(directory, 'queue') },
    clients: { app: { password: 'app-password', senders: ['*'] } },
    accounts: { out: { host: '127.0.0.1', port: upstream.port, tls: { mode: 'none' } } },
    routes: [
      { sender: 'drop@velosi.example', discard: true },
      { sender: '*', accounts: ['out'] },
    ],
    log: { format: 'exim' },
  };
  await writeFile(config, JSON.stringify(settings), { mode: 0o600 });
  const main = join(root, 'src', 'daemon', 'main.ts');
  const relayd = spawn(process.execPath, [main, '--config', config, '--log', log], {
    cwd: root,
    env: { ...process.env, TZ: 'UTC' },
    stdio: 'inherit',
  });
  const relayctl = async (...args: string[]) => {
    const { stdout } = await runCommand('relayctl', ['--config', config, '--json', ...args]);
    return JSON.parse(stdout);
  };
  onTestFinished(async () => {
    await end(relayd);
    await upstream.close();
  });
  await expect
    .poll(() => relayctl('status').then(({ state }) => state, String), patience)
    .toBe('running');
  return { relayd, upstream, port, log, relayctl };
}

const patience = { timeout: 15_000 };

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Every message asks for nothing but what is in `to`. */
async function send(port: number, from: string, to: readonly string[]): Promise<void> {
  const app = createTransport({
    port,
    host: '127.0.0.1',
    auth: { user: 'app', pass: 'app-password' },
  });
  await app.sendMail({ envelope: { from, to: [...to] }, from, to: [...to], text: 'A.' });
  app.close();
}

const occurrences = (log: string, what: RegExp) =>
  readFileSync(log, 'utf8').match(what)?.length ?? 0;

test('eximstats counts what the history has, exigrep finds each message', async () => {
  const { port, log, relayctl } = await relay();
  const erp = 'erp@velosi.example';
  for (let n = 0; n < 5; n++) await send(port, erp, ['anna@x.example', 'otto@x.example']);
  await send(port, erp, ['nobody@x.example', 'anna@x.example']);
  await send(port, erp, ['later@x.example']);
  await send(port, 'drop@velosi.example', ['anna@x.example']);
  await expect(send(port, '', ['not an address@'])).rejects.toThrow();
  // Five messages, the half of the sixth, the notification about its other half, the discarded one.
  await expect.poll(() => occurrences(log, / Completed /g), patience).toBe(8);
  await expect.poll(() => occurrences(log, / == later@/g), patience).toBe(1);

  const [total] = (await relayctl('stats')).rows;
  const report = exim('eximstats', '-nr', log);
  const grand = (row: string) =>
    report
      .match(new RegExp(`^\\s+${row}\\s+(.*)$`, 'm'))?.[1]
      ?.trim()
      .split(/\s+/) ?? [];
  expect(report).not.toContain('Cannot parse');
  // Volume, messages, addresses; Exim counts what was dropped on purpose as a delivery of its own transport.
  expect(Number(grand('Received')[1])).toBe(9);
  expect(Number(grand('Delivered')[2]) - 1).toBe(total.delivered);
  expect(total.delivered).toBe(12);
  expect(total.bounced).toBe(1);
  expect(report).toMatch(/^Errors encountered: 1$/m);
  expect(report).toMatch(
    /^\s+1\s+1\s*nobody@x\.example R=routes T=out .*550 5\.1\.1 no such user|550 5\.1\.1 no such user/m,
  );

  const found = exim('exigrep', '550 5.1.1', log);
  expect(found).toContain(' <= erp@velosi.example ');
  expect(found).toContain(' => anna@x.example ');
  expect(found).toContain(' Completed ');
  expect(exim('exigrep', 'later@x', log)).toContain('has not completed');
  const id = /\w{6}-\w{6}-\w{2}/.exec(found)?.[0] ?? '';
  const shown = await relayctl('queue', 'show', id);
  expect(shown.history.message.id).toBe(fromEximId(id));
});

test('rotation: a renamed log is followed at SIGUSR1, a copied one is cut under the daemon', async () => {
  const { relayd, port, log } = await relay();
  await send(port, 'erp@velosi.example', ['anna@x.example']);
  await expect.poll(() => occurrences(log, / Completed /g), patience).toBe(1);
  renameSync(log, `${log}.1`);
  relayd.kill('SIGUSR1');
  await send(port, 'erp@velosi.example', ['anna@x.example']);
  await expect
    .poll(
      () => occurrences(log, / Completed /g) + occurrences(`${log}.1`, / Completed /g),
      patience,
    )
    .toBe(2);
  copyFileSync(log, `${log}.2`);
  truncateSync(log);
  await send(port, 'erp@velosi.example', ['anna@x.example']);
  await expect.poll(() => occurrences(log, / Completed /g), patience).toBe(1);
  // Appended, not written behind a hole of NULs.
  expect(readFileSync(log)[0]).not.toBe(0);
});
