import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { submit } from '../load/load.ts';
import { type Measured, mib } from '../measured.ts';
import { startRelayd } from '../peers/relayd.ts';
import { residentBytes } from '../process-tree.ts';

const sampleEveryMs = 250;
const settleMs = 5_000;
const bodyMib = 5;
const kib64 = Buffer.alloc(65_536, `${'x'.repeat(62)}\r\n`);

/**
 * So many clients stop in the middle of a body, as many write commands and read no reply, and an upstream takes messages of
 * 5 MiB a few bytes at a time: what relayd's memory grows by while all of that goes on for 20 s.
 */
export async function stalls(clients: number): Promise<Measured> {
  const opened = new AsyncDisposableStack();
  try {
    const upstream = await slowUpstream(opened);
    const peer = await startRelayd({ sinkPort: upstream });
    opened.defer(() => peer.close());
    const bytes = bodyMib * mib;
    await submit({ port: peer.port, sessions: 10, messages: 40, bytes, held: true });
    await Promise.all(Array.from({ length: clients }, () => stallInBody(peer.port, opened)));
    for (let count = 0; count < clients; count++) flood(peer.port, opened);
    await pause(settleMs);
    const before = residentBytes(peer.pid);
    let most = before;
    for (let spentMs = 0; spentMs < 20_000; spentMs += sampleEveryMs) {
      await pause(sampleEveryMs);
      most = Math.max(most, residentBytes(peer.pid));
    }
    return { relayd: [{ rss: before / mib, growth: (most - before) / mib }] };
  } finally {
    await opened.disposeAsync();
  }
}

function connection(port: number, opened: AsyncDisposableStack): Socket {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => socket.destroy()); // the relay may hang up on such clients
  opened.defer(async () => void socket.destroy());
  return socket;
}

/** One MiB of a message, and then nothing. */
async function stallInBody(port: number, opened: AsyncDisposableStack): Promise<void> {
  const socket = connection(port, opened);
  for (const command of [
    'EHLO bench.test',
    'MAIL FROM:<app@bench.test>',
    'RCPT TO:<somebody@sink.test>',
    'DATA',
  ]) {
    await once(socket, 'data');
    socket.write(`${command}\r\n`);
  }
  await once(socket, 'data');
  socket.write('Subject: bench\r\n\r\n');
  for (let count = 0; count < 16; count++) socket.write(kib64);
}

/** Commands as fast as they are taken, and no reply is ever read. */
function flood(port: number, opened: AsyncDisposableStack): void {
  const socket = connection(port, opened).pause();
  const commands = Buffer.from('NOOP\r\n'.repeat(1_000));
  const more = (): void => {
    while (socket.writable && socket.write(commands));
  };
  socket.on('drain', more);
  more();
}

/** Speaks SMTP, and reads 4 KiB of a body every tenth of a second. */
async function slowUpstream(opened: AsyncDisposableStack): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, highWaterMark: 4096 }, (socket) => {
    open.add(socket);
    let inBody = false;
    socket.on('error', () => socket.destroy());
    socket.write('220 slow.test ESMTP\r\n');
    socket.on('data', (chunk: Buffer) => {
      if (inBody) {
        socket.pause();
        setTimeout(() => socket.resume(), 100);
        return;
      }
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
        inBody ||= line === 'DATA';
        socket.write(line === 'DATA' ? '354 go ahead\r\n' : '250 slow.test\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.defer(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}
