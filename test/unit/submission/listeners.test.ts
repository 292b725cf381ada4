import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ListenError } from '../../../src/submission/listen.ts';
import { systemdSockets } from '../../../src/submission/systemd-sockets.ts';
import { makeCa, makeCertificate } from '../../support/certificates.ts';
import { greeted, inData, loggedIn, say } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay | null = null;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relayd-listen-'));
});

afterEach(async () => {
  await relay?.close();
  relay = null;
  rmSync(folder, { recursive: true, force: true });
});

async function start(listeners: readonly object[]): Promise<TestRelay> {
  relay = await startRelay({ config: (directory) => plainConfig(directory, { listeners }) });
  return relay;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The first line somebody says. */
async function firstLine(socket: ReturnType<typeof connect>): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return chunk.toString();
}

test('a Unix socket is for owner and group from its first instant, and goes at the end', async () => {
  const path = join(folder, 'submission.sock');
  const { submission } = await start([{ listen: `unix:${path}` }]);
  expect(statSync(path).mode & 0o777).toBe(0o660);
  expect(await firstLine(connect(path))).toMatch(/^220 relay\.test/);
  await submission.close(0);
  expect(existsSync(path)).toBe(false);
});

test('a Unix socket has the mode and the group that its listener asks for', async () => {
  const path = join(folder, 'submission.sock');
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  await start([{ listen: `unix:${path}`, mode: '0666', group }]);
  expect(statSync(path).mode & 0o777).toBe(0o666);
  expect(statSync(path).gid).toBe(process.getgid?.());
  await relay?.close();
  const asked = start([{ listen: `unix:${path}`, group: 'no-such-group' }]);
  await expect(asked).rejects.toThrow('this machine has no group no-such-group');
  expect(existsSync(path)).toBe(false);
});

test('whoever may open the socket is the client that names unix', async () => {
  const path = join(folder, 'submission.sock');
  relay = await startRelay({
    config: (directory) =>
      plainConfig(directory, {
        listeners: [
          { listen: `unix:${path}`, auth: 'optional' },
          { listen: '127.0.0.1:0', auth: 'optional' },
        ],
        clients: {
          loopback: { networks: ['127.0.0.0/8'], senders: ['*'] },
          local: { networks: ['unix'], senders: ['@velosi.example'] },
        },
      }),
  });
  const socket = connect(path);
  socket.write('EHLO here\r\nMAIL FROM:<a@foreign.example>\r\nQUIT\r\n');
  let said = '';
  for await (const chunk of socket) said += String(chunk);
  expect(said).toContain('553 5.7.1 client local may not use a@foreign.example');
});

test('the socket of a relay that died is replaced, one that somebody answers on is not', async () => {
  const path = join(folder, 'submission.sock');
  const dead = createServer().listen(path);
  await once(dead, 'listening');
  await expect(start([{ listen: `unix:${path}` }])).rejects.toThrow(
    `cannot listen on unix:${path}: another process listens on it`,
  );
  expect(existsSync(path)).toBe(true);
  dead.close();
  writeFileSync(path, '');
  await expect(start([{ listen: `unix:${path}` }])).rejects.toThrow('no socket');
});

test('a port in use is reported with the process that holds it', async () => {
  const holder = createServer();
  const port = await portOf(holder);
  const attempt = start([{ listen: '127.0.0.1:0' }, { listen: `127.0.0.1:${port}` }]);
  await expect(attempt).rejects.toThrow(ListenError);
  await expect(attempt).rejects.toThrow(
    new RegExp(
      `^cannot listen on 127\\.0\\.0\\.1:${port}: the address is in use by .+ \\(pid ${process.pid}\\)$`,
    ),
  );
  holder.close();
});

test('IPv6 works like IPv4', async () => {
  const { submission } = await start([{ listen: '[::1]:0' }]);
  const [address] = submission.addresses();
  expect(address).toMatchObject({ is: 'tcp', host: '::1' });
  if (address?.is === 'tcp') {
    expect(await firstLine(connect(address.port, '::1'))).toMatch(/^220/);
  }
});

test('sockets that systemd passed are found by name', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:a' };
  expect([...systemdSockets(environment, 7)]).toEqual([
    ['a', [3, 5]],
    ['b', [4]],
  ]);
  expect([...systemdSockets(environment, 8)]).toEqual([]);
  expect([...systemdSockets({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)]).toEqual([['unknown', [3]]]);
});

test('a systemd socket that was not passed is reported with those that were', async () => {
  await expect(start([{ listen: 'systemd:smtp' }])).rejects.toThrow(
    'cannot listen on systemd:smtp: systemd passed no socket of that name (passed: none)',
  );
});

test('a reload opens new listeners, closes old ones and leaves the others alone', async () => {
  const first = { listen: '127.0.0.1:0' };
  const second = join(folder, 'second.sock');
  const { submission, directory, use, port } = await start([first]);
  const session = await loggedIn(port);
  await use(plainConfig(directory, { listeners: [first, { listen: `unix:${second}` }] }));
  expect(submission.addresses()).toHaveLength(2);
  expect(await say(session, 'NOOP')).toMatch(/^250/);
  expect(await firstLine(connect(second))).toMatch(/^220/);
  await use(plainConfig(directory, { listeners: [{ listen: `unix:${second}` }] }));
  expect((await session.reply())[0]).toMatch(/^421 4\.3\.2/);
  await session.closed();
  expect(submission.addresses()).toEqual([{ is: 'unix', path: second }]);
});

test('a reload that cannot open a listener keeps the others and says which', async () => {
  const holder = createServer();
  const taken = await portOf(holder);
  const first = { listen: '127.0.0.1:0' };
  const { directory, use, port } = await start([first]);
  const more = plainConfig(directory, { listeners: [first, { listen: `127.0.0.1:${taken}` }] });
  await expect(use(more)).rejects.toThrow(`127.0.0.1:${taken}`);
  (await greeted(port)).close();
  holder.close();
});

test('a certificate that is renewed is used from then on, one that does not fit its key is not', async () => {
  relay = await startRelay({
    config: (directory) =>
      plainConfig(directory, {
        listener: {
          tls: 'implicit',
          certificate: join(directory, 'cert.pem'),
          key: join(directory, 'key.pem'),
        },
      }),
  });
  const { directory, port, events } = relay;
  const shown = async (): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  };
  expect(await shown()).toBe('localhost');
  const next = await makeCertificate(await makeCa(), { names: ['renewed.example'] });
  writeFileSync(join(directory, 'cert.pem'), next.certificate);
  await expect.poll(() => events.at(-1)?.is).toBe('config.warning');
  expect(await shown()).toBe('localhost');
  writeFileSync(join(directory, 'key.pem'), next.key);
  await expect.poll(shown).toBe('renewed.example');
});

test('closing ends idle sessions and lets a message in progress finish', async () => {
  const { submission, port, stored } = await start([{ listen: '127.0.0.1:0' }]);
  const idle = await loggedIn(port);
  const busy = await loggedIn(port);
  await inData(busy);
  await busy.send(Buffer.from('Subject: x\r\n'));
  const closing = submission.close(5_000);
  expect((await idle.reply())[0]).toMatch(/^421 4\.3\.2/);
  await idle.closed();
  await busy.send(Buffer.from('\r\nbody\r\n.\r\n'));
  expect((await busy.reply())[0]).toMatch(/^250 2\.0\.0/);
  expect((await busy.reply())[0]).toMatch(/^421 4\.3\.2/);
  await busy.closed();
  await closing;
  expect(stored).toHaveLength(1);
});

test('closing does not wait longer than it may', async () => {
  const { submission, port, stored } = await start([{ listen: '127.0.0.1:0' }]);
  const busy = await loggedIn(port);
  await inData(busy);
  await submission.close(40);
  await busy.closed();
  expect(stored).toEqual([]);
});

test('a PROXY header is believed from the networks it may come from', async () => {
  relay = await startRelay({
    config: (directory) =>
      plainConfig(directory, {
        listener: { auth: 'optional', proxy_protocol: ['127.0.0.0/8'] },
        clients: { far: { networks: ['192.0.2.0/24'], senders: ['*'] } },
      }),
  });
  const socket = connect(relay.port, '127.0.0.1');
  socket.write('PROXY TCP4 192.0.2.7 192.0.2.8 1234 25\r\n');
  expect(await firstLine(socket)).toMatch(/^220/);
  const liar = connect(relay.port, '127.0.0.1');
  liar.write('EHLO x\r\n');
  expect(await firstLine(liar)).not.toMatch(/^220/);
});

test('a path without permission is said to be one', async () => {
  chmodSync(folder, 0o500);
  const attempt = start([{ listen: `unix:${join(folder, 'no.sock')}` }]);
  // The superuser may write anywhere.
  if (process.getuid?.() === 0) await attempt;
  else await expect(attempt).rejects.toThrow('permission denied');
  chmodSync(folder, 0o700);
});
