import { afterEach, expect, test } from 'vitest';
import { openMemoryStore } from '../../contract/memory-store.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import type { ReceivedMessage } from '../../support/upstream-session.ts';
import {
  type AccountOverrides,
  type Given,
  makeAccount,
  makeRig,
  makeRoute,
  makeSettings,
  type Rig,
  rolling,
} from './harness.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
let first: Upstream;
let second: Upstream;
let rig: Rig;

afterEach(async () => {
  rig.store.failWith(null);
  await rig.delivery.drain(0);
  await Promise.all([first.close(), second.close()]);
});

interface Opened {
  readonly upstream?: UpstreamOptions;
  readonly other?: UpstreamOptions;
  readonly a?: AccountOverrides;
  readonly b?: AccountOverrides;
}

/** Accounts `a` and `b` at upstreams of their own, a route for both and one for `b` alone. */
async function open({ upstream = {}, other = {}, a = {}, b = {} }: Opened = {}): Promise<void> {
  first = await startUpstream({ tls: 'none', ...upstream });
  second = await startUpstream({ tls: 'none', ...other });
  const accounts = [makeAccount('a', first.port, a), makeAccount('b', second.port, b)];
  const routes = [makeRoute('only@b.example', ['b']), makeRoute('*', ['a', 'b'])];
  rig = makeRig(makeSettings(accounts, { routes }));
  await rig.delivery.resume();
}

/** As submission does. */
function submit(given: Given = {}) {
  return rig.submit({ lane: rig.delivery.choose(['a', 'b'], 1), ...given });
}

const later = async (byMs: number): Promise<void> => {
  rig.aheadMs += byMs;
  await rig.delivery.look();
};
const to = ({ recipients }: ReceivedMessage): string[] =>
  recipients.map(({ forwardPath }) => forwardPath);
const lanes = async () =>
  (await rig.store.list({ filter: {}, after: null, limit: 1_000 })).rows.flatMap(({ recipients }) =>
    recipients.map(({ lane }) => lane),
  );
const stateOf = (name: string) => rig.delivery.states().get(name)?.is;

const refusedLogin = { at: 'auth', do: { reply: '535 5.7.8 bad credentials' } } as const;
const login = { username: 'u', auth: 'plain' } as const;

async function holdFirst(): Promise<void> {
  await open({ upstream: { rules: [refusedLogin], accounts: { u: 'x' } }, a: login });
  await submit();
  await rig.event('account.held');
}

test('a held account hands its mail over after failover.after, and not before', async () => {
  await holdFirst();
  await submit();
  await later(9 * minuteMs);
  expect(await lanes()).toEqual(['a', 'a']);
  await later(minuteMs);
  expect(await second.taken(2)).toHaveLength(2);
  await rig.until(async () => (await lanes()).length === 0, 'nothing is left');
  expect(rig.all('failover.used')).toEqual([
    { is: 'failover.used', account: 'a', to: 'b', reason: 'credentials' },
  ]);
  expect(rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered')).toEqual([
    expect.objectContaining({ account: 'b', attempts: 1 }),
    expect.objectContaining({ account: 'b', attempts: 1 }),
  ]);
});

test('new mail goes to the fallback at once, and back as soon as the first works', async () => {
  await holdFirst();
  await later(10 * minuteMs);
  await second.taken(1);
  expect(rig.delivery.choose(['a', 'b'], 1)).toBe('b');
  await submit();
  await second.taken(2);
  expect(rig.all('failover.used')).toHaveLength(1);
  first.script([]);
  await rig.delivery.resumeAccount('a');
  expect(rig.all('failover.ended')).toEqual([{ is: 'failover.ended', account: 'a', to: 'b' }]);
  expect(rig.delivery.choose(['a', 'b'], 1)).toBe('a');
});

test('mail that waits at the fallback returns, whether that works or not', async () => {
  await open({ other: { rules: [{ at: 'rcpt', do: { reply: '451 4.2.0 later' } }] } });
  await rig.delivery.holdAccount('a', 'maintenance');
  await later(10 * minuteMs);
  const [one, two] = [await submit(), await submit()];
  await rig.until(() => rig.all('recipient.settled').length === 2, 'both deferred at b');
  expect(await lanes()).toEqual(['b', 'b']);
  await rig.delivery.resumeAccount('a');
  await later(2 * minuteMs);
  expect(await first.taken(2)).toHaveLength(2);
  await rig.event('message.completed', ({ id }) => id === one);
  await rig.event('message.completed', ({ id }) => id === two);

  await rig.delivery.holdAccount('a', 'again');
  await later(10 * minuteMs);
  await submit();
  await rig.until(() => rig.all('recipient.settled').length === 5, 'deferred at b');
  await rig.delivery.holdAccount('b', 'too');
  await rig.delivery.resumeAccount('a');
  await rig.until(async () => (await lanes())[0] === 'a', 'back in the first lane');
});

test('a paused account is probed with one message; the others stay with the fallback', async () => {
  const down = { at: 'greeting', do: { reply: '421 4.3.2 down' } } as const;
  await open({ upstream: { rules: [down] } });
  await submit();
  await rig.event('account.paused');
  const strikes = async (count: number) => {
    await rig.until(() => rig.all('account.paused').length >= count, `${count} failures`);
  };
  await later(2 * minuteMs);
  await strikes(2);
  await later(6 * minuteMs);
  await strikes(3);
  await later(16 * minuteMs);
  await second.taken(1);
  // Its time has come again: one of these finds out, and goes to the fallback when it fails.
  await later(16 * minuteMs);
  const before = rig.all('account.paused').length;
  for (let count = 0; count < 10; count++) await submit();
  await strikes(before + 1);
  await second.taken(10);
  await later(2_000);
  await second.taken(11);
  expect(rig.all('account.paused')).toHaveLength(before + 1);
  expect(rig.all('failover.ended')).toEqual([]);

  first.script([]);
  await later(20 * minuteMs);
  expect(rig.delivery.choose(['a', 'b'], 1)).toBe('a');
  await rig.delivery.look();
  await later(minuteMs);
  await submit();
  await first.taken(1);
  await rig.event('failover.ended');
  expect(stateOf('a')).toBe('open');
});

test('what may have arrived stays with its account; what is settled stays settled', async () => {
  const recipients = ['in@x.example', 'no@x.example', 'late@x.example'];
  await open({
    upstream: {
      rules: [
        { at: 'rcpt', path: 'no@', do: { reply: '550 5.1.1 nobody' } },
        { at: 'rcpt', path: 'late@', do: { reply: '451 4.2.1 later' } },
        { at: 'end-of-data', times: 1, do: { drop: true } },
      ],
    },
  });
  const id = await submit({ to: recipients });
  await rig.until(() => rig.all('recipient.settled').length === 3, 'all three judged');
  await rig.delivery.holdAccount('a', 'maintenance');
  await later(10 * minuteMs);
  await rig.until(
    async () => (await second.taken(1)).some((one) => to(one).includes('late@x.example')),
    'the one that was deferred',
  );
  await rig.until(() => rig.all('recipient.settled').length === 5, 'its settlement');
  await later(2 * hourMs);
  const { queued } = await rig.store.show(id);
  expect(queued?.recipients).toMatchObject([{ index: 0, state: 'in-doubt', lane: 'a' }]);
  const sent = second.messages.flatMap(to);
  expect(sent.filter((one) => recipients.includes(one))).toEqual(['late@x.example']);
});

test('only the recipients that were not accepted move', async () => {
  await open({
    upstream: { rules: [{ at: 'rcpt', path: 'late@', do: { reply: '451 4.2.1 later' } }] },
  });
  await submit({ to: ['now@x.example', 'late@x.example'] });
  await rig.until(() => rig.all('recipient.settled').length === 2, 'both judged');
  await rig.delivery.holdAccount('a', 'maintenance');
  await later(10 * minuteMs);
  expect((await second.taken(1)).map(to)).toEqual([['late@x.example']]);
});

test('refusals of content, recipient and sender hand nothing over', async () => {
  await open({
    upstream: { rules: [{ at: 'end-of-data', do: { reply: '550 5.7.1 spam' } }] },
  });
  await submit();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  await later(hourMs);
  expect(second.messages).toEqual([]);
  expect(rig.all('failover.used')).toEqual([]);
});

test('never to an account that may not send as the sender', async () => {
  await open({ b: { identities: ['@b.example'] } });
  await rig.delivery.holdAccount('a', 'maintenance');
  await rig.enqueue({ from: 'x@a.example', lane: 'a' });
  await rig.enqueue({ from: 'x@b.example', message: { from: 'x@a.example' }, lane: 'a' });
  await rig.enqueue({ from: 'x@b.example', lane: 'a' });
  await later(10 * minuteMs);
  expect((await second.taken(1)).map(({ reversePath }) => reversePath)).toEqual(['x@b.example']);
  await later(hourMs);
  await rig.until(async () => (await lanes()).length === 2, 'the third is settled');
  expect(second.messages).toHaveLength(1);
  expect(await lanes()).toEqual(['a', 'a']);
});

test('mail for nobody who may send as its sender is held with words, not sent', async () => {
  await open({ a: { identities: ['@a.example'] }, b: { identities: ['@b.example'] } });
  await rig.enqueue({ from: 'x@c.example', lane: 'a' });
  await rig.delivery.look();
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ outcome: 'held', reason: 'sender' });
  expect(settled.text).toContain('account a may not send as');
});

test('what was handed over before a restart is handed over after it', async () => {
  await open();
  await rig.delivery.drain(0);
  const sinceMs = rig.now() - hourMs;
  const why = { reason: 'credentials', detail: '535', sinceMs, credentialVersion: '1' } as const;
  const store = openMemoryStore(rig.now);
  await store.setAccountState('a', { is: 'held', ...why });
  rig = makeRig(rig.settings, { store });
  const { message, body } = rig.message();
  const start = { is: 'waiting', dueAtMs: rig.now() } as const;
  await store.accept([{ message, body, lane: 'a', start }]);
  await rig.delivery.resume();
  await second.taken(1);
  await rig.event('message.completed');
});

test('a shorter failover.after counts from the reload on', async () => {
  await holdFirst();
  await later(minuteMs);
  expect(second.messages).toEqual([]);
  rig.settings = { ...rig.settings, failover: { afterMs: 30_000 } };
  await rig.delivery.reload(rig.settings);
  await second.taken(1);
});

test('a quota used up for longer hands over, and what waits for it as well', async () => {
  await open({ a: { limits: { rate: [rolling(2, hourMs)] } } });
  for (let count = 0; count < 6; count++) await rig.enqueue({ lane: 'a' });
  await rig.delivery.look();
  await first.taken(2);
  expect(await second.taken(4)).toHaveLength(4);
  expect(rig.all('failover.used')).toMatchObject([{ account: 'a', to: 'b', reason: 'quota' }]);
  expect(rig.delivery.choose(['a', 'b'], 1)).toBe('b');
});

test('600 messages move in batches and arrive once each', async () => {
  await open({ b: { limits: { connections: 8 } } });
  await rig.delivery.holdAccount('a', 'maintenance');
  for (let count = 0; count < 600; count++) {
    await rig.enqueue({ lane: 'a', to: [`${count}@x.example`] });
  }
  await later(10 * minuteMs);
  const messages = await second.taken(600);
  expect(new Set(messages.flatMap(to)).size).toBe(600);
  await rig.until(async () => (await lanes()).length === 0, 'nothing is left');
  expect(second.messages).toHaveLength(600);
  expect(first.messages).toHaveLength(0);
});
