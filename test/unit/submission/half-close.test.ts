import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { shopPlain } from '../../dialogue/run.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay | null = null;

afterEach(async () => {
  await relay?.close();
  relay = null;
});

/** A client that may close its side and go on reading. */
async function open(): Promise<{ socket: Socket; said: () => string }> {
  relay = await startRelay({ config: (directory) => plainConfig(directory) });
  const socket = connect({ host: '127.0.0.1', port: relay.port, allowHalfOpen: true });
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });
  await once(socket, 'data');
  return { socket, said: () => said };
}

async function inData(socket: Socket): Promise<void> {
  const lines = [
    'EHLO app.example',
    `AUTH PLAIN ${shopPlain}`,
    'MAIL FROM:<a@x.example>',
    'RCPT TO:<b@x.example>',
    'DATA',
  ];
  for (const line of lines) {
    socket.write(`${line}\r\n`);
    await once(socket, 'data');
  }
}

test('a client that closes its side behind the final dot is still answered, as Exim expects', async () => {
  const { socket, said } = await open();
  await inData(socket);
  socket.end('Subject: x\r\nFrom: a@x.example\r\n\r\nhello\r\n.\r\nQUIT\r\n');
  await once(socket, 'close');
  expect(said()).toMatch(/\r\n354 .*\r\n250 2\.0\.0 .*\r\n221 .*\r\n$/);
  expect(relay?.stored).toHaveLength(1);
});

test.each([
  ['at once', ''],
  ['in a message', 'Subject: x\r\n\r\nhel'],
])(
  'a client that closes its side %s without QUIT is let go, and nothing is stored',
  async (_when, text) => {
    const { socket } = await open();
    if (text !== '') await inData(socket);
    socket.end(text);
    await once(socket, 'close');
    expect(relay?.stored).toHaveLength(0);
  },
);

async function loggedIn(socket: Socket): Promise<void> {
  for (const line of ['EHLO app.example', `AUTH PLAIN ${shopPlain}`]) {
    socket.write(`${line}\r\n`);
    await once(socket, 'data');
  }
}

test('a client that has said QUIT is not waited for', async () => {
  const { socket, said } = await open();
  socket.write('QUIT\r\n');
  await once(socket, 'end');
  expect(said()).toMatch(/\r\n221 .*\r\n$/);
  // Nobody is there any more: the kernel answers the first write with a reset, and refuses the next.
  const fault = once(socket, 'error');
  socket.write('NOOP\r\n', () => socket.write('NOOP\r\n'));
  expect(await fault).toMatchObject([{ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) }]);
});

test.each([10, 20_000])('%i replies that nobody has read yet outlive QUIT', async (count) => {
  const { socket, said } = await open();
  await loggedIn(socket);
  socket.pause();
  await new Promise((resolve) => {
    socket.write(`${'NOOP\r\n'.repeat(count)}QUIT\r\n`, resolve);
  });
  const before = said().length;
  socket.resume();
  await once(socket, 'end');
  socket.end();
  const replies = said().slice(before).split('\r\n').slice(0, -1);
  expect(replies.filter((reply) => reply.startsWith('250 2.0.0'))).toHaveLength(count);
  expect(replies.at(-1)).toMatch(/^221 /);
});
