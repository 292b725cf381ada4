import { createConnection } from 'node:net';
import { createTransport } from 'nodemailer';
import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';

const opened: Upstream[] = [];
afterEach(async () => {
  for (const upstream of opened.splice(0)) await upstream.close();
});

async function open(options: UpstreamOptions): Promise<Upstream> {
  const upstream = await startUpstream(options);
  opened.push(upstream);
  return upstream;
}

async function send(upstream: Upstream, user: string, extra: object = {}): Promise<string> {
  const transport = createTransport({
    host: 'localhost',
    port: upstream.port,
    requireTLS: true,
    tls: { ca: upstream.ca ?? undefined },
    auth: { user, pass: 'secret' },
    ...extra,
  });
  const info = await transport.sendMail({
    envelope: { from: 'a@a.example', to: ['b@b.example', 'c@b.example'] },
    raw: 'Subject: x\r\n\r\n.\r\n..a\r\nend\r\n',
  });
  return info.response;
}

test('a message is taken over STARTTLS and AUTH, with the bytes that were meant', async () => {
  const upstream = await open({ accounts: { ann: 'secret' } });
  expect(await send(upstream, 'ann')).toMatch(/^250/);
  const [message] = await upstream.taken(1);
  expect(message).toMatchObject({ authenticatedAs: 'ann', tls: 'TLSv1.3', session: 1 });
  expect(message?.reversePath).toBe('a@a.example');
  expect(message?.recipients.map(({ forwardPath }) => forwardPath)).toHaveLength(2);
  expect(message?.body.toString()).toBe('Subject: x\r\n\r\n.\r\n..a\r\nend\r\n');
});

test('wrong credentials, and none, are refused', async () => {
  const upstream = await open({ accounts: { ann: 'other' } });
  await expect(send(upstream, 'ann')).rejects.toThrow(/535/);
  const bare = await open({ tls: 'none', accounts: { ann: 'secret' } });
  await expect(send(bare, '', { auth: undefined, requireTLS: false })).rejects.toThrow(/530/);
});

test('implicit TLS works', async () => {
  const upstream = await open({ tls: 'implicit', accounts: { ann: 'secret' } });
  expect(await send(upstream, 'ann', { secure: true })).toMatch(/^250/);
});

test('rules refuse, cut and stall at their phase, as often as they say', async () => {
  const upstream = await open({
    accounts: { ann: 'secret' },
    rules: [
      { at: 'mail', times: 1, do: { reply: '451 4.3.0 later' } },
      { at: 'end-of-data', times: 1, do: { drop: true } },
      { at: 'data', after: 2, times: 1, do: { stall: true } }, // DATA of the 451 was pipelined
    ],
  });
  await expect(send(upstream, 'ann')).rejects.toThrow(/451/);
  await expect(send(upstream, 'ann')).rejects.toThrow();
  expect(upstream.messages.map(({ reply }) => reply)).toEqual([null]);
  const stalled = send(upstream, 'ann');
  await expect.poll(() => upstream.sessions.total).toBe(3);
  const waiting = setInterval(() => upstream.release(), 10);
  expect(await stalled).toMatch(/^250/);
  clearInterval(waiting);
});

test('the end of data is found however the segments fall', async () => {
  const upstream = await open({ tls: 'none' });
  const text = 'MAIL FROM:<a@a>\r\nRCPT TO:<b@b>\r\nDATA\r\n.\r\n';
  const socket = createConnection(upstream.port, '127.0.0.1').setNoDelay(true);
  for (const character of text) {
    socket.write(character);
    await new Promise(setImmediate);
  }
  const [first] = await upstream.taken(1);
  expect(first?.body.toString()).toBe('');
  socket.write(`${text.replace('DATA\r\n', 'DATA\r\n\n.\n\r\n..x\r\n')}`);
  const [, second] = await upstream.taken(2);
  expect(second?.body.toString()).toBe('\n.\n\r\n.x\r\n');
  socket.destroy();
});
