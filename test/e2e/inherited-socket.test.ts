import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJournal } from '../support/journal.ts';

/** Sockets as systemd's socket activation passes them: open before the daemon starts, and after it has ended. */

const root = join(import.meta.dirname, '../..');

/** A listening socket that this process never accepts from, with its descriptor. */
async function listening(): Promise<{ port: number; descriptor: number; server: Server }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return { port: (server.address() as AddressInfo).port, descriptor: fd, server };
}

/** relayd with these descriptors from 3 on. Its own pid is known only to the shell that it replaces. */
function start(configFile: string, descriptors: readonly number[]) {
  const script = `LISTEN_PID=$$ LISTEN_FDS=${descriptors.length} exec "$0" "$@"`;
  const main = join(root, 'src/daemon/main.ts');
  const child = spawn('sh', ['-c', script, process.execPath, main, '--config', configFile], {
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ...readJournal(child) };
}

async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return String(chunk);
}

function configuration(listeners: readonly object[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'relay.yaml');
  const config = {
    hostname: 'relay.test',
    listeners,
    control: { socket: join(directory, 'control.sock') },
    observe: { listen: 'off' },
    queue: { directory: join(directory, 'queue') },
    accounts: { a: { host: '127.0.0.1', port: 9, tls: { mode: 'none' } } },
    routes: [{ sender: '*', accounts: ['a'] }],
    clients: { app: { networks: ['127.0.0.0/8'], senders: ['*'] } },
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

test('a socket that is open already is taken by its address, and survives reloads', async () => {
  const { port, descriptor, server } = await listening();
  const file = configuration([{ listen: `127.0.0.1:${port}`, auth: 'optional' }]);
  const relay = start(file, [descriptor]);
  server.close();
  await relay.find(({ event }) => event === 'daemon.started', 15_000, 'daemon.started');
  expect(relay.events).toContainEqual(
    expect.objectContaining({ event: 'listener.opened', listen: `127.0.0.1:${port}` }),
  );
  expect(await greeting(port)).toMatch(/^220 relay\.test/);

  const before = readFileSync(file, 'utf8');
  const reload = async (text: string, event: string): Promise<void> => {
    const seen = relay.events.length;
    writeFileSync(file, text);
    relay.child.kill('SIGHUP');
    const isNew = (line: (typeof relay.events)[number]) => relay.events.indexOf(line) >= seen;
    await relay.find((line) => line.event === event && isNew(line), 15_000, event);
  };
  // Another kind of listener at the same address: the descriptor must not have been closed with the old one.
  await reload(before.replace('"optional"', '"required"'), 'config.reloaded');
  expect(await greeting(port)).toMatch(/^220 relay\.test/);
  // One that cannot be opened beside it: the old listener comes back.
  const broken = before.replace('"listeners":[', '"listeners":[{"listen":"192.0.2.1:2525"},');
  await reload(broken, 'config.refused');
  expect(await greeting(port)).toMatch(/^220 relay\.test/);
  relay.child.kill('SIGTERM');
  expect((await relay.exited).code).toBe(0);
});

test('a socket that no listener takes is said, for its clients wait in vain', async () => {
  const { port, descriptor, server } = await listening();
  const relay = start(configuration([{ listen: '127.0.0.1:0', auth: 'optional' }]), [descriptor]);
  server.close();
  const said = await relay.find(({ event }) => event === 'config.warning', 15_000, 'the warning');
  expect(said.problem).toContain(`unknown (127.0.0.1:${port})`);
});
