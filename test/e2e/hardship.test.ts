import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { plainConfig } from '../support/plain-config.ts';
import {
  ask,
  daemon,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

/** What docs/operate.md says under "What happens when", on the real daemon. */
const patient = { timeout: 90_000 };

const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };

/** Room for so many more; files that are open beyond the first gap stay open. */
function leaveRoomFor(pid: number, count: number): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let limit = 0;
  for (let room = count; open.has(limit) || room-- > 0; ) limit++;
  limitOpenFiles(pid, limit);
}

function limitOpenFiles(pid: number, count: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`]);
}

async function crowd(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(
    sockets.map((socket) => new Promise((done) => socket.once('data', done).once('close', done))),
  );
  return sockets;
}

test(
  'a full file table: clients are sent away, mail waits, and all goes on after it',
  patient,
  async () => {
    const server = await upstream({ accounts: mainLogin });
    const relay = await daemon({ config: await simpleConfig(server) });
    const port = relay.ports[0] ?? 0;
    // A place for the client, and none for a connection to the upstream.
    leaveRoomFor(relay.pid, 1);
    const [sockets, refused] = [await crowd(port, 5), submit(port, mail)];
    await expect(refused).rejects.toThrow();
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => submit(port, mail).catch(() => 'not yet')).toMatch(/^250/);
    expect(server.messages).toHaveLength(0);

    limitOpenFiles(relay.pid, 512);
    await ask(relay, 'queue', 'flush');
    const taken = await server.taken(1);
    expect(taken).toHaveLength(1);
    expect(relay.events.filter(({ event }) => event === 'daemon.failed')).toEqual([]);
    expect(relay.events.filter(({ outcome }) => outcome === 'bounced')).toEqual([]);
  },
);

test('a large message that no file can be opened for is put off, not lost', patient, async () => {
  const server = await upstream({ tls: 'none' });
  const relay = await daemon({ config: plainConfig(server.port) });
  const [client] = await crowd(relay.ports[0] ?? 0, 1);
  if (client === undefined) throw new Error('no client');
  const envelope = 'EHLO x\r\nMAIL FROM:<a@relay.test>\r\nRCPT TO:<b@dest.test>\r\nDATA\r\n';
  const body = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(5_000)}.\r\n`;
  leaveRoomFor(relay.pid, 0);
  expect(await say(client, envelope, /^354 /m)).toContain('354');
  expect(await say(client, body, /^\d{3} /m)).toMatch(/^45[12] 4\.3\.[01]/);
  limitOpenFiles(relay.pid, 512);
  await say(client, envelope.slice(8), /^354 /m);
  expect(await say(client, body, /^\d{3} /m)).toMatch(/^250/);
  expect(await server.taken(1)).toHaveLength(1);
});

/** What comes back, up to the line that is waited for. */
function say(socket: Socket, text: string, until: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString('latin1');
      if (!until.test(heard)) return;
      socket.off('data', listen);
      resolve(heard);
    };
    socket.on('data', listen);
    socket.write(text);
  });
}

test(
  'a suspended machine: dead idle connections are replaced, a waiting client is served',
  patient,
  async () => {
    const first = await upstream({ accounts: mainLogin });
    const { port: upstreamPort, pair } = first;
    const relay = await daemon({ config: await simpleConfig(first) });
    const port = relay.ports[0] ?? 0;
    await submit(port, mail);
    await first.taken(1);
    process.kill(relay.pid, 'SIGSTOP');
    await first.close();
    const second = await upstream({ accounts: mainLogin, port: upstreamPort, pair });
    const waiting = submit(port, mail);
    process.kill(relay.pid, 'SIGCONT');
    expect(await waiting).toMatch(/^250/);
    expect(await second.taken(1)).toHaveLength(1);
  },
);

test('DNS fails, comes and goes: nothing bounces, no attempt is used up', patient, async () => {
  const server = await upstream({ tls: 'none' });
  const directory = await temporaryDirectory();
  const names = (text: string): void => writeFileSync(join(directory, 'hosts'), text);
  writeFileSync(join(directory, 'resolv.conf'), 'nameserver 127.0.0.1\noptions attempts:1\n');
  names('127.0.0.1 localhost\n');
  const { port: upstreamPort } = server;
  const plain = { auth: 'none', tls: { mode: 'none' } };
  const main = { host: 'mail.upstream.test', port: upstreamPort, ...plain };
  const config = await simpleConfig(server, { accounts: { main } });
  const mounts = ['hosts', 'resolv.conf'].map(
    (name) => `mount --bind ${join(directory, name)} /etc/${name}`,
  );
  const script = `${mounts.join(' && ')} && exec "$@"`;
  const relay = await daemon({ config, under: ['unshare', '-m', 'sh', '-c', script, 'sh'] });
  const port = relay.ports[0] ?? 0;
  expect(await submit(port, mail)).toMatch(/^250/);
  const paused = await relay.event('account.paused', undefined, 30_000);
  expect(paused).toMatchObject({ account: 'main', reason: 'network' });
  const known = '127.0.0.1 localhost mail.upstream.test\n';
  for (const text of [known, '127.0.0.1 localhost\n', known]) {
    names(text);
    await ask(relay, 'queue', 'flush', '--account', 'main');
  }
  await server.taken(1, 30_000);
  expect(relay.events.filter(({ outcome }) => outcome === 'bounced')).toEqual([]);
});

test(
  'little memory: too much at once is refused for now, and every 250 is sent',
  patient,
  async () => {
    const server = await upstream({ accounts: mainLogin, keepBodies: false });
    const config = await simpleConfig(server, { limits: { memory: '8MiB' } });
    const environment = { NODE_OPTIONS: '--max-old-space-size=48' };
    const relay = await daemon({ config, environment });
    const text = 'x'.repeat(70).concat('\n').repeat(3_000);
    const ends = await Promise.allSettled(
      Array.from({ length: 60 }, () => submit(relay.ports[0] ?? 0, { ...mail, text })),
    );
    const taken = ends.filter(({ status }) => status === 'fulfilled').length;
    expect(taken).toBeGreaterThan(0);
    for (const end of ends) {
      if (end.status === 'rejected') expect(String(end.reason)).toMatch(/4[25][12]/);
    }
    await server.taken(taken, 60_000);
    expect(relay.events.filter(({ event }) => event === 'daemon.failed')).toEqual([]);
  },
);
