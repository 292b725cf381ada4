import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig?.delivery.drain(1_000);
  await upstream?.close();
});

test('a fresh message goes straight to the upstream, body and envelope byte for byte', async () => {
  upstream = await startUpstream({ tls: 'none' });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port)]));
  await rig.delivery.resume();
  const body = Buffer.from('Subject: x\r\n\r\n.dot\r\n..two\r\nend without line end');
  const id = await rig.submit({
    from: 'Some.One@Example.ORG',
    to: ['"a b"@xn--bcher-kva.example'],
    body,
  });
  const [message] = await upstream.taken(1);
  expect(message?.reversePath).toBe('Some.One@Example.ORG');
  expect(message?.recipients[0]?.forwardPath).toBe('"a b"@xn--bcher-kva.example');
  expect(message?.body.toString()).toBe(`${body}\r\n`);
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ id, account: 'a', outcome: 'delivered', reason: 'ok' });
  await rig.event('message.completed');
  expect((await rig.store.show(id)).queued).toBeNull();
  expect(rig.dots.marked).toEqual([id]);
  expect(rig.dots.open.size).toBe(0);
});

test('connections are used again, up to messages_per_connection', async () => {
  upstream = await startUpstream({ tls: 'none' });
  const limits = { connections: 1, messagesPerConnection: 4 };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits })]));
  await rig.delivery.resume();
  for (let count = 0; count < 10; count++) await rig.submit();
  await upstream.taken(10);
  expect(upstream.messages.map(({ session }) => session)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
});

test('mail that found no room waits in the queue and is claimed', async () => {
  upstream = await startUpstream({ tls: 'none' });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port)]));
  for (let count = 0; count < 120; count++) await rig.enqueue();
  await rig.delivery.resume();
  await upstream.taken(120);
  await rig.until(() => rig.all('message.completed').length === 120, 'all completed');
  expect(await rig.store.counts()).toEqual([]);
});

test('two accounts on one host: each message leaves as its own account, 50 at a time', async () => {
  const accounts = { alice: 'password of alice', bob: 'password of bob' };
  upstream = await startUpstream({ tls: 'starttls', accounts });
  const tls = { mode: 'starttls', ca: upstream.ca } as const;
  const limits = { connections: 25, messagesPerConnection: 7 };
  rig = makeRig(
    makeSettings(
      ['alice', 'bob'].map((username) =>
        makeAccount(username, upstream.port, { username, tls, limits, host: 'localhost' }),
      ),
      { routes: [makeRoute('alice@*', ['alice']), makeRoute('bob@*', ['bob'])] },
    ),
  );
  await rig.delivery.resume();
  const names = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? 'alice' : 'bob'));
  await Promise.all(names.map((name) => rig.submit({ from: `${name}@example.org`, lane: name })));
  const messages = await upstream.taken(200);
  expect(messages.filter((m) => m.reversePath !== `${m.authenticatedAs}@example.org`)).toEqual([]);
  expect(messages.every(({ tls: version }) => version === 'TLSv1.3')).toBe(true);
  expect(upstream.sessions.total).toBeLessThan(100);
});

test('connections at rest are closed after their idle time, and when they are old', async () => {
  upstream = await startUpstream({ tls: 'none' });
  const limits = { connections: 1, idleMs: 30 };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits })]));
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('connection.closed', ({ why }) => why === 'idle');
  expect(rig.delivery.connections().get('a')).toBeUndefined();
  rig.settings = makeSettings([makeAccount('a', upstream.port, { limits: { connections: 1 } })]);
  await rig.submit();
  await rig.until(() => rig.all('message.completed').length === 2, 'the second');
  rig.aheadMs += 6 * 60_000;
  await rig.submit();
  await rig.event('connection.closed', ({ why }) => why === 'age');
  await upstream.taken(3);
});

test('a lane has room for so many, and keeps so many bytes of bodies in memory', async () => {
  upstream = await startUpstream({ tls: 'none', rules: [{ at: 'greeting', do: { stall: true } }] });
  const { port } = upstream;
  const limits = { connections: 1 };
  rig = makeRig(makeSettings(['a', 'b'].map((name) => makeAccount(name, port, { limits }))));
  await rig.delivery.resume();
  let places = 0;
  while (rig.delivery.reserve('a', 250_000) !== null) places++;
  expect(places).toBe(67);
  for (let count = 0; count < places; count++) rig.delivery.cancel('a', 250_000);
  places = 0;
  while (rig.delivery.reserve('a', 100) !== null) places++;
  expect(places).toBe(1_000);
  // Whatever a burst for one takes, every other lane has its share.
  let others = 0;
  while (rig.delivery.reserve('b', 100) !== null) others++;
  expect(others).toBe(101);
  for (let count = 0; count < places; count++) rig.delivery.cancel('a', 100);
  expect(rig.delivery.reserve('nobody', 100)).toBeNull();
  upstream.release();
});
