import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { DaemonError, startDaemon } from '../support/daemon.ts';
import { daemon, mainLogin, simpleConfig, submit, temporaryDirectory, upstream } from './scene.ts';

/** What relayd says when it does not start. */
async function refusal(options: Parameters<typeof startDaemon>[0]): Promise<DaemonError['result']> {
  try {
    await (await startDaemon(options)).close();
  } catch (error) {
    if (error instanceof DaemonError) return error.result;
    throw error;
  }
  throw new Error('relayd started');
}

const config = {
  clients: { app: { password: 'p', senders: ['*'] } },
  accounts: { main: { host: '127.0.0.1', port: 25, auth: 'none', tls: { mode: 'none' } } },
  routes: [{ sender: '*', accounts: ['main'] }],
};

test('a configuration with errors: all of them, exit 78', async () => {
  const { code, stderr } = await refusal({
    config: { ...config, acounts: {}, limits: { hops: 'many' } },
  });
  expect(code).toBe(78);
  expect(stderr).toMatch(/relay\.yaml:\d+:\d+: acounts: unknown key; did you mean "accounts"\?/);
  expect(stderr).toMatch(/relay\.yaml:\d+:\d+: limits\.hops: /);
});

test('a port in use: which, and by what', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const { code, stdout } = await refusal({
    config: { ...config, listeners: [{ listen: `127.0.0.1:${port}` }] },
  });
  expect(code).toBe(71);
  expect(stdout).toContain(`127.0.0.1:${port}`);
  expect(stdout).toContain(`pid ${process.pid}`);
});

test('a second daemon on the same queue: the pid of the first', async () => {
  const directory = await temporaryDirectory();
  const first = await daemon({ config, directory });
  const { code, stdout } = await refusal({
    config: { ...config, queue: { directory: join(directory, 'queue') }, control: undefined },
  });
  expect(code).toBe(73);
  expect(stdout).toContain(String(first.pid));
});

test('a queue of a newer version is refused and left as it is', async () => {
  const directory = await temporaryDirectory();
  const first = await daemon({ config, directory });
  await first.kill();
  const file = join(directory, 'queue', 'queue.db');
  const db = new Database(file);
  db.pragma('user_version = 999');
  db.close();
  const before = readFileSync(file);
  const { code, stdout } = await refusal({ config, directory });
  expect(code).toBe(73);
  expect(stdout).toMatch(/newer/);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a damaged queue is refused, never deleted, and the way back is told', async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', do: { reply: '450 4.2.1 later' } }],
  });
  const directory = await temporaryDirectory();
  const first = await daemon({ config: await simpleConfig(server), directory });
  await submit(first.ports[0] ?? 0, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  await first.kill();
  const file = join(directory, 'queue', 'queue.db');
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 100, Math.min(bytes.length, 60_000));
  writeFileSync(file, bytes);
  const { code, stdout } = await refusal({ config, directory });
  expect(code).toBe(73);
  expect(stdout).toMatch(/damaged/);
  expect(stdout).toMatch(/put back a backup/);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test('a directory that nobody can write: which, and why', async () => {
  const { code, stdout } = await refusal({
    config: { ...config, queue: { directory: '/proc/relayd-queue' } },
  });
  expect(code).toBe(73);
  expect(stdout).toContain('/proc/relayd-queue');
});
