import { afterEach, expect, test } from 'vitest';
import type { AccountState } from '../../../src/relay/account.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

const hourMs = 3_600_000;
let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  rig.store.failWith(null);
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(options: UpstreamOptions = {}, queue = {}): Promise<void> {
  upstream = await startUpstream({ tls: 'none', ...options });
  const accounts = [
    makeAccount('a', upstream.port),
    makeAccount('b', upstream.port, { headers: { 'X-Way': 'b' } }),
  ];
  rig = makeRig(makeSettings(accounts, { queue }));
}

const viaB = (message: { body: Buffer } | undefined): boolean =>
  message?.body.toString().startsWith('X-Way: b') ?? false;
const held: AccountState = {
  is: 'held',
  reason: 'credentials',
  detail: '535',
  sinceMs: 1,
  credentialVersion: '1',
};

async function row(id: string) {
  return (await rig.store.show(id as never)).queued?.recipients[0];
}

test('a state survives a restart: a held account does not work until it is resumed', async () => {
  await open();
  await rig.store.setAccountState('a', held);
  const id = await rig.enqueue();
  await rig.delivery.resume();
  expect(rig.delivery.states().get('a')).toEqual(held);
  await rig.submit();
  expect(rig.delivery.reserve('a', 10)).toBeNull();
  expect(await row(id)).toMatchObject({ state: 'waiting', attempts: 0 });
  await rig.delivery.resumeAccount('a');
  await upstream.taken(2);
  expect(rig.all('account.resumed')).toMatchObject([{ by: 'operator' }]);
});

test('an operator holds and resumes; what waits is not lost, a reload does not open it', async () => {
  await open({ rules: [{ at: 'end-of-data', times: 1, do: { stall: true } }] });
  await rig.delivery.resume();
  await rig.submit();
  await rig.until(() => rig.dots.marked.length === 1, 'the first attempt');
  for (let count = 0; count < 5; count++) await rig.submit();
  await rig.delivery.holdAccount('a', 'maintenance');
  await rig.delivery.reload(rig.settings);
  await rig.until(() => upstream.stalled() === 1, 'the upstream to have it');
  upstream.release();
  await rig.event('message.completed');
  await rig.until(
    async () => (await rig.store.counts()).every(({ state }) => state === 'waiting'),
    'all back in the queue',
  );
  expect(rig.delivery.states().get('a')).toMatchObject({ is: 'held', detail: 'maintenance' });
  expect(rig.all('account.held')).toMatchObject([{ reason: 'operator', detail: 'maintenance' }]);
  await rig.delivery.resumeAccount('a');
  await upstream.taken(6);
});

test('queued mail follows the routes in force, at the claim', async () => {
  await open();
  const id = await rig.enqueue({ dueAtMs: rig.now() + hourMs });
  await rig.delivery.resume();
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['b'])] };
  await rig.delivery.reload(rig.settings);
  rig.aheadMs += 2 * hourMs;
  await rig.delivery.look();
  const [message] = await upstream.taken(1);
  expect(viaB(message)).toBe(true);
  await rig.event('recipient.settled', (event) => event.id === id && event.account === 'b');
});

test('mail of an account that is held or gone moves with the reload', async () => {
  await open();
  await rig.store.setAccountState('a', held);
  await rig.enqueue();
  await rig.enqueue({ to: ['x@x.example', 'y@x.example'] });
  await rig.delivery.resume();
  const [, b] = [...rig.settings.accounts.values()];
  rig.settings = makeSettings(b === undefined ? [] : [b]);
  await rig.delivery.reload(rig.settings);
  const messages = await upstream.taken(2);
  expect(messages.every(viaB)).toBe(true);
});

test('mail without a way is held, not bounced; released after a way was given it goes', async () => {
  await open();
  const id = await rig.enqueue({ lane: 'gone' });
  rig.settings = { ...rig.settings, routes: [] };
  await rig.delivery.resume();
  await rig.until(async () => (await row(id))?.state === 'held', 'held');
  expect(rig.all('recipient.settled')).toMatchObject([{ outcome: 'held', reason: 'no-route' }]);
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['b'])] };
  await rig.delivery.reload(rig.settings);
  await rig.store.act({
    filter: { id },
    action: { is: 'release', dueAtMs: rig.now() },
    nowMs: rig.now(),
  });
  await rig.delivery.look();
  expect(viaB((await upstream.taken(1))[0])).toBe(true);
});

test('what may have arrived stays with its account', async () => {
  await open({ rules: [{ at: 'end-of-data', times: 1, do: { drop: true } }] });
  await rig.delivery.resume();
  const id = await rig.submit();
  await rig.event('recipient.settled');
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['b'])] };
  await rig.delivery.reload(rig.settings);
  expect(await row(id)).toMatchObject({ state: 'in-doubt', lane: 'a' });
  rig.aheadMs += hourMs;
  await rig.delivery.look();
  await rig.event('message.completed');
  expect(upstream.messages.some(viaB)).toBe(false);
});

test('expired mail is bounced with a notification, held or not, and the held account bounces nothing else', async () => {
  await open({}, { delayWarningMs: null });
  await rig.store.setAccountState('a', held);
  const old = await rig.enqueue({ message: { acceptedAtMs: rig.now() - 6 * 24 * hourMs } });
  const young = await rig.enqueue();
  await rig.delivery.resume();
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ id: old, outcome: 'bounced', reason: 'expired' });
  await rig.event('message.completed', (event) => event.id === old);
  expect(await row(young)).toMatchObject({ state: 'waiting' });
  const counts = await rig.store.counts();
  expect(counts).toMatchObject([{ lane: 'a', state: 'waiting', recipients: 2 }]);
});

test('late mail is warned of once, also when its account is held', async () => {
  await open();
  await rig.store.setAccountState('a', held);
  const id = await rig.enqueue();
  await rig.delivery.resume();
  for (let hours = 0; hours < 12; hours++) {
    rig.aheadMs += hourMs;
    await rig.delivery.look();
  }
  expect(await row(id)).toMatchObject({ delayWarned: true, attempts: 0, state: 'waiting' });
  const rows = (await rig.store.list({ filter: { sender: '<>' }, after: null, limit: 10 })).rows;
  expect(rows.length).toBe(1);
  const body = await rig.store.body(rows[0]?.message.id as never);
  expect(body?.in === 'memory' && body.bytes.toString()).toContain('Action: delayed');
});

test('the clock is set back by a day: due mail is due', async () => {
  await open();
  let monotonicMs = 0;
  await rig.delivery.drain(0);
  rig = makeRig(rig.settings, { monotonic: () => monotonicMs });
  await rig.delivery.resume();
  await rig.enqueue({ dueAtMs: rig.now() + hourMs });
  await rig.delivery.look();
  monotonicMs += 1_000;
  rig.aheadMs -= 24 * hourMs;
  await rig.delivery.look();
  await upstream.taken(1);
  expect(rig.all('clock.jumped')).toMatchObject([{ clamped: 1 }]);
});

test('flush: paused accounts that the store resumed work at once', async () => {
  await open({
    rules: [{ at: 'mail', times: 1, do: { reply: '450 4.3.2 system not accepting' } }],
  });
  await rig.delivery.resume();
  await rig.submit();
  await rig.until(() => rig.all('recipient.settled').length === 1, 'the first attempt');
  const flushed = await rig.store.flush({ filter: {}, includeHeld: false, nowMs: rig.now() });
  await rig.delivery.flushed(flushed);
  await upstream.taken(1);
});

test('an operator bounces and removes', async () => {
  await open();
  await rig.store.setAccountState('a', held);
  await rig.delivery.resume();
  const bounced = await rig.enqueue({ to: ['one@x.example', 'two@x.example'] });
  const removed = await rig.enqueue();
  expect(await rig.delivery.bounceMatching({ id: bounced }, 'not wanted', 100)).toEqual({
    recipients: 2,
    messages: 1,
  });
  expect(await rig.delivery.removeMatching({ id: removed })).toEqual({
    recipients: 1,
    messages: 1,
  });
  expect(rig.all('recipient.settled').map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['bounced', 'operator'],
    ['bounced', 'operator'],
    ['removed', 'operator'],
  ]);
  expect(rig.all('recipient.settled').map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
  expect(await rig.store.counts()).toMatchObject([{ state: 'waiting', recipients: 1 }]);
});

test('drain: what runs is finished, what waits goes back', async () => {
  await open({ rules: [{ at: 'end-of-data', times: 2, do: { stall: true } }] });
  await rig.delivery.resume();
  for (let count = 0; count < 10; count++) await rig.submit();
  await rig.until(() => upstream.stalled() === 2, 'two attempts');
  const drained = rig.delivery.drain(5_000);
  upstream.release();
  expect(await drained).toEqual({ aborted: 0 });
  expect(await rig.store.counts()).toMatchObject([{ state: 'waiting', recipients: 8 }]);
  expect(upstream.messages.length).toBe(2);
  expect(rig.dots.open.size).toBe(0);
});

for (const [at, expected] of [
  ['end-of-data', 'in-doubt'],
  ['rcpt', 'waiting'],
  ['greeting', 'waiting'],
] as const) {
  test(`drain cuts off at ${at}: ${expected}, nothing counted against the message or the account`, async () => {
    await open({ rules: [{ at, do: { stall: true } }], extensions: [] });
    await rig.delivery.resume();
    const id = await rig.submit();
    await rig.until(
      () => (at === 'end-of-data' ? rig.dots.marked.length === 1 : upstream.sessions.open === 1),
      'the attempt',
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await rig.delivery.drain(0)).toEqual({ aborted: 1 });
    expect(await row(id)).toMatchObject({
      state: expected,
      attempts: expected === 'in-doubt' ? 1 : 0,
    });
    expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
  });
}

test('storage that cannot commit: a delivered message is settled when it can, and goes only once', async () => {
  await open({ rules: [{ at: 'end-of-data', times: 1, do: { stall: true } }] });
  await rig.delivery.resume();
  const id = await rig.submit();
  await rig.until(() => upstream.stalled() === 1, 'the dot');
  rig.store.failWith('full');
  upstream.release();
  await rig.event('store.failed');
  expect(rig.dots.open.size).toBe(1);
  rig.store.failWith(null);
  await rig.event('message.completed', (event) => event.id === id);
  expect(rig.dots.open.size).toBe(0);
  expect(upstream.messages.length).toBe(1);
});

test('an empty queue schedules nothing, and fresh mail leaves nothing scheduled behind', async () => {
  await open();
  await rig.delivery.resume();
  expect(rig.delivery.nextLookAtMs()).toBeNull();
  await rig.submit();
  await rig.event('message.completed');
  expect(rig.delivery.nextLookAtMs()).toBeNull();
});

test('a body that is gone holds its message and stops nothing', async () => {
  await open();
  const id = await rig.enqueue();
  await rig.enqueue();
  const { body } = rig.store;
  rig.store.body = (asked) => (asked === id ? Promise.resolve(null) : body(asked));
  await rig.delivery.resume();
  await upstream.taken(1);
  await rig.until(async () => (await row(id))?.state === 'held', 'held');
});

test('a changed account: connections at rest are closed, those in use after their message', async () => {
  await open({ rules: [{ at: 'end-of-data', after: 1, times: 1, do: { stall: true } }] });
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('message.completed');
  await rig.submit();
  await rig.until(() => rig.dots.marked.length === 2, 'the second');
  rig.settings = makeSettings([makeAccount('a', upstream.port, { headers: { 'X-New': '1' } })]);
  await rig.delivery.reload(rig.settings);
  upstream.release();
  await rig.event('connection.closed', ({ why }) => why === 'configuration changed');
  await rig.submit();
  await upstream.taken(3);
  expect(upstream.sessions.total).toBe(2);
});
