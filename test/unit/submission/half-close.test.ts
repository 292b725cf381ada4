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
