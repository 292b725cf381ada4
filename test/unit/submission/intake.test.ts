import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Client } from '../../dialogue/client.ts';
import { inData, loggedIn, say, submit } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay, type TestRelayOptions } from './relay.ts';

let relay: TestRelay | null = null;
let client: Client | null = null;

async function start(
  more: Parameters<typeof plainConfig>[1] = {},
  deps: TestRelayOptions['deps'] = {},
): Promise<{ relay: TestRelay; client: Client }> {
  relay = await startRelay({ config: (directory) => plainConfig(directory, more), deps });
  client = await loggedIn(relay.port);
  return { relay, client };
}

afterEach(async () => {
  client?.close();
  await relay?.close();
});

/** Writes without waiting longer than the socket asks. */
async function stream(to: Client, chunk: Buffer, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    if (to.socket.write(chunk)) continue;
    await new Promise((resolve) => {
      to.socket.once('drain', resolve);
    });
  }
}

function spooled({ directory }: TestRelay): string[] {
  return readdirSync(join(directory, 'queue', 'spool'));
}

test('a small body stays in memory, a large one goes to the spool and comes back the same', async () => {
  const { relay, client } = await start();
  expect(await submit(client, 'Subject: small\r\n\r\nx\r\n')).toMatch(/^250/);
  const large = `Subject: large\r\n\r\n${'0123456789abcdef\r\n'.repeat(200_000)}`;
  expect(await submit(client, large)).toMatch(/^250/);
  expect(relay.stored.map(({ body }) => body.in)).toEqual(['memory', 'spool']);
  const bytes = (await relay.taken())[1]?.bytes ?? Buffer.alloc(0);
  const tail = bytes.subarray(bytes.indexOf('\r\n\r\n'));
  const hash = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
  expect(hash(tail)).toBe(hash(large.slice(large.indexOf('\r\n\r\n'))));
  expect(relay.stored[1]?.message.bytes).toBe(bytes.length);
});

test('a header of 10 MiB is a header', async () => {
  const { relay, client } = await start();
  await inData(client);
  await client.send(Buffer.from('Subject: x\r\nBcc: secret@x.example\r\n'));
  await stream(client, Buffer.from(`X-Filler: ${'y'.repeat(900)}\r\n`.repeat(64)), 180);
  await client.send(Buffer.from('From: a@x.example\r\n\r\nbody\r\n.\r\n'));
  expect((await client.reply())[0]).toMatch(/^250/);
  const [message] = relay.stored;
  expect(message?.message.from).toBe('a@x.example');
  expect(message?.message.bytes).toBeGreaterThan(10 * 1024 * 1024);
});

test('a message far over the limit is drained in constant memory and refused', async () => {
  const { relay, client } = await start({ limits: { message_size: '1MiB', memory: '1MiB' } });
  await inData(client);
  const chunk = Buffer.from(`${'z'.repeat(998)}\r\n`.repeat(1024));
  const before = process.memoryUsage().arrayBuffers;
  await stream(client, chunk, 256);
  const grown = process.memoryUsage().arrayBuffers - before;
  // Half of what was sent: what was dropped may not be collected yet.
  expect(grown).toBeLessThan(128 * 1024 * 1024);
  await client.send(Buffer.from('.\r\n'));
  expect((await client.reply())[0]).toMatch(/^552 5\.3\.4/);
  expect(relay.stored).toEqual([]);
  await expect.poll(() => spooled(relay)).toEqual([]);
  expect(await submit(client, 'Subject: next\r\n')).toMatch(/^250/);
});

test('when the memory for bodies is used up, bodies go to the spool', async () => {
  const { relay, client } = await start({ limits: { memory: '1KiB' } });
  expect(await submit(client, `Subject: x\r\n\r\n${'x'.repeat(2000)}\r\n`)).toMatch(/^250/);
  expect(relay.stored[0]?.body.in).toBe('spool');
  expect(await submit(client, 'Subject: x\r\n')).toMatch(/^250/);
  expect(relay.stored[1]?.body.in).toBe('memory');
});

test('ten thousand recipients are ten thousand recipients', async () => {
  const { relay, client } = await start({ limits: { recipients: 10_000 } });
  expect(await say(client, 'MAIL FROM:<a@x.example>')).toMatch(/^250/);
  const commands = Array.from(
    { length: 10_001 },
    (_, index) => `RCPT TO:<u${index}@x.example>\r\n`,
  );
  client.socket.write(commands.join(''));
  for (let index = 0; index < 10_000; index++) {
    expect((await client.reply())[0]).toMatch(/^250 2\.1\.5/);
  }
  expect((await client.reply())[0]).toMatch(/^452 4\.5\.3/);
  expect(await say(client, 'DATA')).toMatch(/^354/);
  expect(await say(client, '.')).toMatch(/^250/);
  expect(relay.stored[0]?.message.envelope.recipients).toHaveLength(10_000);
});

test('recipients of different lanes become messages that own their spool files', async () => {
  const { relay, client } = await start();
  await inData(client, ['b@x.example', 'c@spare.example']);
  await stream(client, Buffer.from(`${'x'.repeat(998)}\r\n`), 400);
  await client.send(Buffer.from('.\r\n'));
  expect((await client.reply())[0]).toMatch(/^250/);
  expect(relay.stored.map(({ lane }) => lane)).toEqual(['main', 'spare']);
  const [one, two] = await relay.taken();
  expect(one?.bytes.equals(two?.bytes ?? Buffer.alloc(0))).toBe(true);
  expect(spooled(relay)).toHaveLength(2);
  expect(relay.dispatched).toEqual(['wake main', 'wake spare']);
});

test('what is known of a message goes with it', async () => {
  const routes = [
    { header: { 'X-Stream': 'news' }, accounts: ['spare'] },
    { sender: '*', accounts: ['main'] },
  ];
  const { relay, client } = await start({ routes });
  expect(await say(client, 'MAIL FROM:<a@x.example> BODY=8BITMIME RET=HDRS ENVID=e+2B')).toMatch(
    /^250/,
  );
  await say(client, 'RCPT TO:<b@x.example> NOTIFY=success ORCPT=rfc822;b+2Bc@x.example');
  await say(client, 'DATA');
  const header = 'From: Ä <a@x.example>\r\nMessage-ID: <m@x>\r\nX-Stream: news\r\n';
  expect(await say(client, `${header}\r\nbody\r\n.`)).toMatch(/^250/);
  expect(relay.stored[0]).toMatchObject({
    lane: 'spare',
    start: { is: 'waiting' },
    message: {
      client: 'shop',
      from: 'a@x.example',
      messageIdField: '<m@x>',
      boundAccount: null,
      routeHeaders: { 'x-stream': 'news' },
      eightBit: true,
      headerUtf8: true,
      envelope: {
        reversePath: 'a@x.example',
        body: '8BITMIME',
        smtpUtf8: false,
        ret: 'HDRS',
        envid: 'e+2B',
        recipients: [
          { forwardPath: 'b@x.example', notify: 'SUCCESS', orcpt: 'rfc822;b+2Bc@x.example' },
        ],
      },
    },
  });
  expect(relay.events.find((event) => event.is === 'message.accepted')).toMatchObject({
    client: 'shop',
    lane: 'spare',
    protocol: 'ESMTPA',
    remote: '127.0.0.1',
    recipients: 1,
  });
});

test('what a route discards goes to the history alone, without its body', async () => {
  const { relay, client } = await start({ routes: [{ sender: '*', discard: true }] });
  await say(client, 'MAIL FROM:<a@x.example>');
  await say(client, 'RCPT TO:<b@x.example>');
  await say(client, 'DATA');
  expect(await say(client, 'Subject: x\r\n\r\nbody\r\n.')).toMatch(/^250/);
  expect(relay.stored).toMatchObject([
    { lane: null, start: { is: 'discarded' }, body: { in: 'memory', bytes: Buffer.alloc(0) } },
  ]);
  expect(relay.dispatched).toEqual([]);
  expect(spooled(relay)).toEqual([]);
  const settled = relay.events.find((event) => event.is === 'recipient.settled');
  expect(settled).toMatchObject({ outcome: 'discarded', account: null });
});

test('a recipient that its route rejects is refused alone where the header has no say', async () => {
  const routes = [
    { recipient: '@refused.example', reject: 'not to there' },
    { sender: '*', accounts: ['main'] },
  ];
  const { relay, client } = await start({ routes });
  await say(client, 'MAIL FROM:<a@x.example>');
  expect(await say(client, 'RCPT TO:<b@refused.example>')).toBe('550 5.7.1 not to there');
  expect(await say(client, 'RCPT TO:<c@x.example>')).toMatch(/^250/);
  await say(client, 'DATA');
  expect(await say(client, '.')).toMatch(/^250/);
  expect(relay.stored[0]?.message.envelope.recipients).toHaveLength(1);
});
