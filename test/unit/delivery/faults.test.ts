import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { AccountState } from '../../../src/relay/account.ts';
import type { QueuedRecipient } from '../../../src/relay/queue.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { type AccountOverrides, makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream | null = null;
let rig: Rig;
let server: Server | null = null;
const sockets = new Set<Socket>();

afterEach(async () => {
  upstream?.release();
  await rig.delivery.drain(0);
  await upstream?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  [upstream, server] = [null, null];
});

/** Which time-out ends a stall at a phase; the others stay long, so that a busy machine changes nothing. */
const timeoutAt = {
  greeting: 'greetingMs',
  ehlo: 'commandMs',
  mail: 'commandMs',
  rcpt: 'commandMs',
  data: 'commandMs',
  'end-of-data': 'endOfDataMs',
} as const;
const shortMs = 100;

async function open(
  rules: readonly Rule[],
  account: AccountOverrides = {},
  options: UpstreamOptions = {},
): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules, ...options });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, account)]));
  await rig.delivery.resume();
}

/** Puts a bare server in the upstream's place. */
async function openBare(
  talk: (socket: Socket) => void,
  account: AccountOverrides = {},
): Promise<void> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    talk(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server?.listen(0, '127.0.0.1', () =>
      resolve((server?.address() as AddressInfo | null)?.port ?? 0),
    );
  });
  rig = makeRig(makeSettings([makeAccount('a', port, account)]));
  await rig.delivery.resume();
}

async function queued(id: string): Promise<QueuedRecipient | undefined> {
  return (await rig.store.show(id as never)).queued?.recipients[0];
}

const state = (): AccountState | undefined => rig.delivery.states().get('a');

/** Before MAIL nothing is the message's fault; within the transaction it is retried; after the dot nobody knows. */
const expectations = {
  greeting: { row: { state: 'waiting', attempts: 0 }, account: 'paused' },
  ehlo: { row: { state: 'waiting', attempts: 0 }, account: 'paused' },
  mail: { row: { state: 'waiting', attempts: 1 }, account: 'open' },
  rcpt: { row: { state: 'waiting', attempts: 1 }, account: 'open' },
  data: { row: { state: 'waiting', attempts: 1 }, account: 'open' },
  'end-of-data': { row: { state: 'in-doubt', attempts: 1 }, account: 'open' },
} as const;

for (const pipelining of [true, false]) {
  for (const at of Object.keys(expectations) as (keyof typeof expectations)[]) {
    for (const [what, action] of [
      ['stalls', { stall: true }],
      ['drops', { drop: true }],
    ] as const) {
      test(`an upstream that ${what} at ${at} (pipelining ${pipelining})`, async () => {
        const extensions = pipelining ? ['PIPELINING'] : [];
        const timeouts = what === 'stalls' ? { [timeoutAt[at]]: shortMs } : {};
        await open([{ at, do: action }], { timeouts }, { extensions });
        const id = await rig.submit();
        const settled = await rig.event('recipient.settled');
        expect(settled.outcome).toBe(at === 'end-of-data' ? 'in-doubt' : 'deferred');
        const expected = expectations[at];
        expect(await queued(id)).toMatchObject(expected.row);
        expect(rig.all('attempt.finished')[0]?.phase).toBe(at);
        await rig.until(() => state()?.is === expected.account, `account ${expected.account}`);
        expect(rig.dots.open.size).toBe(0);
        expect(rig.all('message.completed')).toEqual([]);
      });
    }
  }
}

test('in doubt: due a quarter of an hour later, same account, and at most once more', async () => {
  await open([{ at: 'end-of-data', do: { drop: true } }]);
  const id = await rig.submit();
  const first = await rig.event('recipient.settled');
  expect((first.nextAtMs ?? 0) - rig.now()).toBeGreaterThan(14 * 60_000);
  rig.aheadMs += 20 * 60_000;
  await rig.delivery.look();
  await rig.until(() => rig.all('recipient.settled').length === 2, 'the second attempt');
  expect(rig.all('recipient.settled')[1]?.outcome).toBe('held');
  expect(await queued(id)).toMatchObject({ state: 'held', lastReason: 'in-doubt' });
  expect(upstream?.messages.length).toBe(2);
});

for (const [policy, outcome] of [
  ['hold', 'held'],
  ['fail', 'bounced'],
] as const) {
  test(`in_doubt: ${policy}`, async () => {
    upstream = await startUpstream({
      tls: 'none',
      rules: [{ at: 'end-of-data', times: 1, do: { drop: true } }],
    });
    const settings = makeSettings([makeAccount('a', upstream.port)], {
      queue: { inDoubt: policy },
    });
    rig = makeRig(settings);
    await rig.delivery.resume();
    await rig.submit();
    expect((await rig.event('recipient.settled')).outcome).toBe(outcome);
  });
}

test('a reused connection that the upstream has dropped costs the message nothing', async () => {
  await open([{ at: 'mail', after: 1, times: 1, do: { drop: true } }], {
    limits: { connections: 1 },
  });
  await rig.submit();
  await rig.event('message.completed');
  const id = await rig.submit();
  await rig.until(() => rig.all('message.completed').length === 2, 'the second message');
  const events = rig.all('recipient.settled').filter((event) => event.id === id);
  expect(events).toMatchObject([{ outcome: 'delivered', attempts: 1 }]);
  expect(upstream?.sessions.total).toBe(2);
});

test('421 at MAIL: once more on a new connection, then the account pauses and the message waits', async () => {
  await open([{ at: 'mail', do: { reply: '421 4.3.2 going down', drop: true } }]);
  const id = await rig.submit();
  await rig.event('account.paused');
  expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 0 });
  expect(upstream?.sessions.total).toBe(2);
});

test('421 to the final dot is an answer: no doubt', async () => {
  await open([{ at: 'end-of-data', times: 1, do: { reply: '421 4.3.2 going down', drop: true } }]);
  await rig.submit();
  await rig.event('message.completed');
  expect(rig.all('recipient.settled')).toMatchObject([{ outcome: 'delivered' }]);
});

test('nobody listens: the account pauses, longer each time, and no attempt is counted', async () => {
  await openBare(() => {});
  await new Promise((resolve) => server?.close(resolve));
  server = null;
  const id = await rig.submit();
  const first = await rig.event('account.paused');
  expect(first).toMatchObject({ reason: 'network' });
  expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 0, lane: 'a' });
  rig.aheadMs += first.untilMs - rig.now() + 1_000;
  await rig.delivery.look();
  await rig.until(() => rig.all('account.paused').length === 2, 'the second pause');
  const second = rig.all('account.paused')[1];
  expect((second?.untilMs ?? 0) - rig.now()).toBeGreaterThan(
    first.untilMs - first.untilMs + 60_000,
  );
  expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 0 });
});

test('half open: one connection tries alone, and that it comes about is enough', async () => {
  await openBare(() => {}, { limits: { connections: 5 } });
  const port = [...rig.settings.accounts.values()][0]?.port ?? 0;
  await new Promise((resolve) => server?.close(resolve));
  server = null;
  for (let count = 0; count < 10; count++) await rig.submit();
  const { untilMs } = await rig.event('account.paused');
  await rig.until(
    async () => (await rig.store.counts()).every(({ state }) => state === 'waiting'),
    'all back',
  );
  const triedBefore = rig.all('attempt.finished').length;
  // Fresh mail does not join the probe either.
  expect(rig.delivery.reserve('a', 100)).toBeNull();

  const reply = '550 5.1.1 nobody here';
  const rules: Rule[] = [
    { at: 'greeting', times: 1, do: { stall: true } },
    { at: 'rcpt', do: { reply } },
  ];
  upstream = await startUpstream({ port, tls: 'none', rules });
  rig.aheadMs += untilMs - rig.now() + 1_000;
  expect(rig.delivery.reserve('a', 100)).toBeNull();
  await rig.delivery.look();
  await rig.until(() => upstream?.sessions.total === 1, 'the probe');
  await rig.delivery.look();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(upstream.sessions.total).toBe(1);
  expect(rig.all('attempt.finished').length).toBe(triedBefore);
  expect(rig.all('account.resumed')).toEqual([]);

  // No message is taken, so only the connection can have closed the circuit.
  upstream.release();
  await rig.event('account.resumed', ({ by }) => by === 'success');
  await rig.until(() => rig.all('message.completed').length >= 10, 'all refused');
  expect(rig.all('recipient.settled').some(({ outcome }) => outcome === 'delivered')).toBe(false);
});

test('a name that does not resolve', async () => {
  await open([], { host: 'no-such-host.invalid' });
  await rig.submit();
  const paused = await rig.event('account.paused');
  expect(paused.detail).toContain('no-such-host.invalid');
});

test('a success before the end of the message is none', async () => {
  const big = Buffer.alloc(200_000, 'x'.repeat(70).concat('\r\n'));
  await openBare((socket) => {
    socket.write('220 hi\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.startsWith('EHLO')) socket.write('250 x\r\n');
      else if (/^(MAIL|RCPT)/.test(text)) socket.write('250 ok\r\n');
      else if (text.startsWith('DATA')) socket.write('354 go\r\n250 taken\r\n');
    });
  });
  const id = await rig.submit({ body: big });
  expect((await rig.event('recipient.settled')).outcome).toBe('deferred');
  expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 1 });
});

test('an upstream that stops reading in DATA is left after the time for a block', async () => {
  await openBare(
    (socket) => {
      socket.write('220 hi\r\n');
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        if (text.startsWith('EHLO')) socket.write('250 x\r\n');
        else if (/^(MAIL|RCPT)/.test(text)) socket.write('250 ok\r\n');
        else if (text.startsWith('DATA')) {
          socket.write('354 go\r\n');
          socket.pause();
        }
      });
    },
    { timeouts: { dataMs: shortMs } },
  );
  const body = Buffer.alloc(20_000_000, 'x'.repeat(70).concat('\r\n'));
  const id = await rig.submit({ body });
  const settled = await rig.event('recipient.settled');
  expect(settled.text).toContain('data: no answer within');
  expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 1 });
  expect(rig.dots.marked).toEqual([]);
});

for (const [what, greeting] of [
  ['garbage', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['an endless line', `220 ${'x'.repeat(100_000)}`],
  ['an endless reply', '220-x\r\n'.repeat(20_000)],
  ['554', '554 5.7.1 go away\r\n'],
] as const) {
  test(`a greeting of ${what} bounces nothing`, async () => {
    await openBare((socket) => socket.write(greeting), { timeouts: { greetingMs: shortMs } });
    const id = await rig.submit();
    await rig.until(() => state()?.is !== 'open', 'the account stops');
    expect(await queued(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    expect(rig.all('recipient.settled').map(({ outcome }) => outcome)).toEqual(['deferred']);
  });
}

test('a reply nobody asked for ends the session; the message is retried', async () => {
  await openBare((socket) => {
    socket.write('220 hi\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.startsWith('EHLO')) socket.write('250 x\r\n');
      else if (text.startsWith('MAIL'))
        socket.write('250 ok\r\n250 and more\r\n250 and more\r\n250 x\r\n');
    });
  });
  const id = await rig.submit();
  expect((await rig.event('recipient.settled')).outcome).not.toBe('bounced');
  expect(await queued(id)).toMatchObject({ state: 'waiting' });
});
