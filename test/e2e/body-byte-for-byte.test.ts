import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { accountAt, daemon, mainLogin, upstream } from './scene.ts';

test('the envelope and every byte of the body reach the upstream as they came', async () => {
  const server = await upstream({ accounts: mainLogin });
  const login = { username: 'user@relay.test', password: 'upstream-password' };
  const relay = await daemon({
    config: {
      listeners: [{ listen: '127.0.0.1:0', auth: 'optional' }],
      clients: { local: { networks: ['127.0.0.1/32'], senders: ['*'] } },
      accounts: { main: await accountAt(server, login, { identities: ['*'] }) },
      routes: [{ sender: '*', accounts: ['main'] }],
    },
  });
  const socket = connect(relay.ports[0] ?? 0, '127.0.0.1');
  const body = Buffer.concat([
    Buffer.from('.leading dot\r\n..two dots\r\n\r\n'),
    Buffer.from([0xc3, 0xa9, 0xff, 0x80, 0x09, 0x0d, 0x0a]),
    Buffer.from(`${'x'.repeat(2000)}\r\nlast line\r\n`),
  ]);
  const header = Buffer.from(
    'From: <"quoted local"@xn--bcher-kva.example>\r\nTo: a@b.example\r\nSubject: =?x?=\r\n\r\n',
  );
  const stuffed = Buffer.from(body.toString('latin1').replace(/^\./gm, '..'), 'latin1');
  const lines: string[] = [];
  socket.on('data', (chunk) => lines.push(...chunk.toString('latin1').split('\r\n')));
  const reply = async (code: string): Promise<void> => {
    while (!lines.some((line) => line.startsWith(`${code} `))) await once(socket, 'data');
    lines.length = 0;
  };
  const say = (text: string | Buffer): void => void socket.write(text);
  await reply('220');
  say('EHLO app.example\r\n');
  await reply('250');
  say('MAIL FROM:<"quoted local"@xn--bcher-kva.example> BODY=8BITMIME ENVID=QQ+2B314159\r\n');
  await reply('250');
  say('RCPT TO:<User@Dest.example> ORCPT=rfc822;User+40Dest.example NOTIFY=NEVER\r\n');
  await reply('250');
  say('RCPT TO:<user@dest.example>\r\n');
  await reply('250');
  say('DATA\r\n');
  await reply('354');
  say(Buffer.concat([header, stuffed, Buffer.from('.\r\n')]));
  await reply('250');
  say('QUIT\r\n');
  await once(socket, 'close');

  await relay.event('message.completed');
  const sent = server.messages;
  expect(new Set(sent.map(({ reversePath }) => reversePath))).toEqual(
    new Set(['"quoted local"@xn--bcher-kva.example']),
  );
  const recipients = sent.flatMap((message) => message.recipients);
  expect(recipients.map(({ forwardPath }) => forwardPath).sort()).toEqual([
    'User@Dest.example',
    'user@dest.example',
  ]);
  const first = recipients.find(({ forwardPath }) => forwardPath === 'User@Dest.example');
  expect(first?.parameters).toEqual(
    expect.arrayContaining(['NOTIFY=NEVER', 'ORCPT=rfc822;User+40Dest.example']),
  );
  for (const message of sent) {
    expect(message.parameters).toEqual(
      expect.arrayContaining(['BODY=8BITMIME', 'ENVID=QQ+2B314159']),
    );
    const end = message.body.indexOf('\r\n\r\n') + 4;
    expect(message.body.subarray(end).equals(body)).toBe(true);
    const head = message.body.subarray(0, end).toString('latin1');
    expect(head).toMatch(/^Received: from app\.example .*\r\n(?:[ \t].*\r\n)*/);
    expect(head).toMatch(/\r\nDate: /);
    expect(head).toMatch(/\r\nMessage-ID: </i);
  }
});
