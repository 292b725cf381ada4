import { afterEach, expect, test } from 'vitest';
import { Client } from '../../dialogue/client.ts';
import { greeted, inData, loggedIn, say, submit } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay, type TestRelay, type TestRelayOptions } from './relay.ts';

let relay: TestRelay | null = null;
const clients: Client[] = [];

async function start(
  more: Parameters<typeof plainConfig>[1],
  deps: TestRelayOptions['deps'] = {},
): Promise<TestRelay> {
  relay = await startRelay({ config: (directory) => plainConfig(directory, more), deps });
  return relay;
}

function kept(client: Client): Client {
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await relay?.close();
  relay = null;
});

function refusals(): readonly string[] {
  return (relay?.events ?? []).flatMap((event) =>
    event.is === 'session.refused' ? [event.reason] : [],
  );
}

test('with 200 idle connections a good client is served', async () => {
  const { port } = await start({ limits: { connections: 120, connections_reserved: 20 } });
  const idle = await Promise.all(Array.from({ length: 200 }, () => greeted(port)));
  for (const client of idle) kept(client);
  const good = kept(await loggedIn(port));
  expect(await submit(good, 'Subject: x\r\n')).toMatch(/^250 2\.0\.0/);
  expect(refusals().filter((why) => why === 'reserved').length).toBeGreaterThanOrEqual(100);
  // The oldest went, told why.
  expect((await idle[0]?.reply())?.[0]).toMatch(/^421 4\.3\.2/);
});

test('with 200 connections that talk rubbish a good client is served', async () => {
  const { port } = await start({ limits: { connections: 100, connections_reserved: 10 } });
  for (let count = 0; count < 200; count++) {
    const rude = kept(await Client.open({ host: '127.0.0.1', port, implicitTls: false }));
    rude.socket.write(count % 2 === 0 ? 'EHLO x\r\nAUTH LOGIN\r\n' : '\0\0\0\0GARBAGE');
  }
  const good = kept(await loggedIn(port));
  expect(await submit(good, 'Subject: x\r\n')).toMatch(/^250/);
});

test('when all places are taken by those who may be here, the next is told so', async () => {
  const { port } = await start({ limits: { connections: 2, connections_reserved: 1 } });
  const first = kept(await loggedIn(port));
  kept(await loggedIn(port));
  const late = kept(await Client.open({ host: '127.0.0.1', port, implicitTls: false }));
  expect((await late.reply())[0]).toMatch(/^421 4\.3\.2/);
  await late.closed();
  first.close();
  await expect.poll(() => relay?.submission.connections()).toBe(1);
  kept(await loggedIn(port));
});

test('a client has so many connections and no more, unless one of them sleeps', async () => {
  const { port } = await start({ limits: { connections_per_client: 2 } });
  kept(await loggedIn(port));
  kept(await loggedIn(port));
  const third = kept(await greeted(port));
  await say(third, 'EHLO x');
  expect(await say(third, 'AUTH PLAIN AHNob3AAb3Blbi1zZXNhbWU=')).toMatch(/^421 4\.7\.0/);
  const other = kept(await greeted(port));
  await say(other, 'EHLO x');
  const plain = Buffer.from('\0other\0swordfish').toString('base64');
  expect(await say(other, `AUTH PLAIN ${plain}`)).toMatch(/^235/);
});

test('a sleeping connection of a client makes room for a new one', async () => {
  const pace = { loginDelaysMs: [0], replaceableIdleMs: 0 };
  const { port } = await start({ limits: { connections_per_client: 1 } }, { pace });
  const old = kept(await loggedIn(port));
  kept(await loggedIn(port));
  expect((await old.reply())[0]).toMatch(/^421 4\.7\.0/);
  expect(refusals()).toEqual(['per-client']);
});

test('an address has so many connections where that is asked for', async () => {
  const { port } = await start({ limits: { connections_per_address: 1 } });
  kept(await greeted(port));
  const second = kept(await Client.open({ host: '127.0.0.1', port, implicitTls: false }));
  expect((await second.reply())[0]).toMatch(/^421 4\.7\.0/);
});

test('who does not log in in time is sent away, who does is not', async () => {
  const { port, directory, use } = await start({});
  const good = kept(await loggedIn(port));
  await use(plainConfig(directory, { limits: { timeouts: { authenticate: '40ms' } } }));
  const slow = kept(await greeted(port));
  expect((await slow.reply())[0]).toMatch(/^421 4\.4\.2/);
  await slow.closed();
  expect(await say(good, 'NOOP')).toMatch(/^250/);
});

test('an idle session ends', async () => {
  const { port } = await start({ limits: { timeouts: { command: '40ms' } } });
  const client = kept(await greeted(port));
  expect((await client.reply())[0]).toMatch(/^421 4\.4\.2/);
  await client.closed();
  expect(refusals()).toEqual(['timeout']);
});

test('a message that stalls is given up, and nothing of it is kept', async () => {
  const { port } = await start({ limits: { timeouts: { data: '40ms' } } });
  const client = kept(await loggedIn(port));
  await inData(client);
  await client.send(Buffer.from('Subject: x\r\n'));
  expect((await client.reply())[0]).toMatch(/^421 4\.4\.2/);
  expect(relay?.stored).toEqual([]);
  expect(refusals()).toEqual(['slow']);
});

test('a message that trickles is given up', async () => {
  const pace = { dataWindowMs: 50, dataBytesPerSecond: 100_000 };
  const { port } = await start({}, { pace });
  const client = kept(await loggedIn(port));
  await inData(client);
  const trickle = setInterval(() => client.socket.write('x\r\n'), 10);
  try {
    expect((await client.reply())[0]).toMatch(/^421 4\.4\.2/);
  } finally {
    clearInterval(trickle);
  }
});

test('five wrong passwords end a session, ten in a minute close the name from that address', async () => {
  const { port } = await start({ limits: { auth_failures: '7/m' } });
  const wrong = Buffer.from('\0shop\0wrong').toString('base64');
  const first = kept(await greeted(port));
  await say(first, 'EHLO x');
  for (let count = 1; count < 5; count++) {
    expect(await say(first, `AUTH PLAIN ${wrong}`)).toMatch(/^535 5\.7\.8/);
  }
  expect(await say(first, `AUTH PLAIN ${wrong}`)).toMatch(/^421 4\.7\.0/);
  const second = kept(await greeted(port));
  await say(second, 'EHLO x');
  expect(await say(second, `AUTH PLAIN ${wrong}`)).toMatch(/^535/);
  expect(await say(second, `AUTH PLAIN ${wrong}`)).toMatch(/^535/);
  // Not even the right one: it would tell.
  expect(await say(second, 'AUTH PLAIN AHNob3AAb3Blbi1zZXNhbWU=')).toMatch(/^421 4\.7\.0/);
  const other = kept(await greeted(port));
  await say(other, 'EHLO x');
  const plain = Buffer.from('\0other\0swordfish').toString('base64');
  expect(await say(other, `AUTH PLAIN ${plain}`)).toMatch(/^235/);
});

test('a client that does not read its replies is not read from', async () => {
  let asked = 0;
  const clock = (): number => {
    asked += 1;
    return Date.now();
  };
  const { port } = await start({}, { clock });
  const client = kept(await loggedIn(port));
  client.socket.pause();
  const commands = 300_000;
  client.socket.write('HELP\r\n'.repeat(commands));
  const pace = async (): Promise<number> => {
    const before = asked;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    return asked - before;
  };
  // Each command asks the clock: when nobody asks any more, no command is read.
  await expect.poll(pace, { timeout: 10_000 }).toBe(0);
  expect(asked).toBeLessThan(commands);
  let replies = 0;
  client.socket.removeAllListeners('data');
  const all = new Promise<void>((resolve) => {
    client.socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) replies += byte === 0x0a ? 1 : 0;
      if (replies === commands) resolve();
    });
  });
  client.socket.resume();
  await all;
});
