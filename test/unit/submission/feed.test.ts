import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Feed } from '../../../src/submission/feed.ts';

const until = (condition: () => boolean) =>
  vi.waitUntil(condition, { interval: 1, timeout: 5_000 });

type Done = (error?: Error | null) => void;

/** A connection whose server side is fed to a reader that writes down what it hears. */
async function connection() {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  open.push(client, socket);
  server.close();
  const heard: string[] = [];
  const turns: Done[] = [];
  const reader = {
    take(chunk: Buffer, done: Done) {
      heard.push(chunk.toString());
      turns.push(done);
    },
    onEnd: () => void heard.push('end'),
    onUnreadable: () => void heard.push('unreadable'),
  };
  return { client, socket, heard, turns, reader };
}

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

test('chunks come one after the other, and the end behind them', async () => {
  const { client, socket, heard, turns, reader } = await connection();
  new Feed(socket, reader);
  client.write('one');
  await until(() => heard.length === 1);
  client.end('two');
  await until(() => socket.bytesRead === 6);
  expect(heard).toEqual(['one']);
  turns[0]?.();
  await until(() => heard.length === 2);
  turns[1]?.();
  await until(() => heard.length === 3);
  expect(heard).toEqual(['one', 'two', 'end']);
});

test('while a chunk waits for its turn nothing more is read', async () => {
  const { client, socket, heard, turns, reader } = await connection();
  new Feed(socket, reader);
  const bytes = 64 * 1024 * 1024;
  client.write(Buffer.alloc(bytes, 'x'));
  await until(() => client.bytesWritten > 0 && heard.length === 1 && socket.bytesRead > 65_536);
  expect(socket.bytesRead).toBeLessThan(1024 * 1024);
  for (let turn = 0; socket.bytesRead < bytes; turn++) {
    await until(() => turns.length > turn);
    turns[turn]?.();
  }
  expect(socket.bytesRead).toBe(bytes);
});

test('what the socket held before comes first', async () => {
  const { client, socket, heard, reader } = await connection();
  socket.unshift(Buffer.from('behind the header'));
  new Feed(socket, reader);
  client.write('later');
  await until(() => heard.length === 1);
  expect(heard).toEqual(['behind the header']);
});

test('what comes after the last word is read and dropped, so that the end is seen', async () => {
  const { client, socket, heard, reader } = await connection();
  const feed = new Feed(socket, reader);
  client.write('one');
  await until(() => heard.length === 1);
  client.write('two');
  await until(() => socket.bytesRead === 6);
  feed.discard();
  client.end('three');
  await once(socket, 'end');
  expect(heard).toEqual(['one']);
});

test('a socket that was given back is as Node made it', async () => {
  const { client, socket, heard, reader } = await connection();
  new Feed(socket, reader).release();
  client.write('one');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('one');
  expect(heard).toEqual([]);
});
