import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../dialogue/client.ts';
import { shopPlain } from '../../dialogue/run.ts';
import { loggedIn, submit } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay } from './relay.ts';

let relay: TestRelay;

beforeAll(async () => {
  relay = await startRelay({ config: plainConfig });
});

afterAll(() => relay.close());

/** Words that lead somewhere, so that random sessions reach every state. */
const piece = fc.oneof(
  fc.constantFrom(
    'EHLO x\r\n',
    `AUTH PLAIN ${shopPlain}\r\n`,
    'AUTH LOGIN\r\n',
    'MAIL FROM:<a@x.example>\r\n',
    'RCPT TO:<b@x.example>\r\n',
    'DATA\r\n',
    '.\r\n',
    '\r\n.\r\n',
    '*\r\n',
    'RSET\r\n',
    'NOOP',
    'MAIL FROM:<',
    ' SIZE=1',
    ' BODY=',
    'From: a@x.example\r\n',
    'Bcc: ',
    '"',
    '<',
    '>',
    '\r',
    '\n',
    '\0',
    '\xff',
    ':',
    ' ',
  ),
  fc.string({ maxLength: 12 }),
);

const REPLY = /^(?:220 .*|334 .*|354 .*|250[- ].*|501 Give .*|([245])\d\d \1\.\d\.\d{1,3} [ -~]*)$/;

test('whatever is said, each reply is well formed and the relay lives on', async () => {
  const session = fc.array(piece, { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(session, async (pieces) => {
      const client = await Client.open({ host: '127.0.0.1', port: relay.port, implicitTls: false });
      const ended = new Promise((resolve) => {
        client.socket.once('close', resolve);
      });
      let said = '';
      client.socket.on('data', (chunk: Buffer) => {
        said += chunk.toString('latin1');
      });
      for (const text of pieces) client.socket.write(Buffer.from(text, 'latin1'));
      client.socket.end();
      await ended;
      for (const line of said.split('\r\n').slice(0, -1)) expect(line).toMatch(REPLY);
    }),
    { numRuns: 150 },
  );
  const client = await loggedIn(relay.port);
  expect(await submit(client, 'Subject: still here\r\n')).toMatch(/^250/);
  client.close();
}, 60_000);
