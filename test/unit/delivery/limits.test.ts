import { afterEach, expect, test } from 'vitest';
import type { AccountLimits } from '../../../src/relay/account.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig, rolling } from './harness.ts';

const dayMs = 86_400_000;
let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  rig.store.failWith(null);
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(limits: Partial<AccountLimits>, options: UpstreamOptions = {}): Promise<void> {
  upstream = await startUpstream({ tls: 'none', ...options });
  const settings = makeSettings([makeAccount('a', upstream.port, { limits })]);
  let aheadMs = (): number => 0;
  rig = makeRig(settings, { monotonic: () => Date.now() + aheadMs() });
  aheadMs = () => rig.aheadMs;
  await rig.delivery.resume();
}

const perDay = (count: number) => ({ rate: [rolling(count, dayMs)] });

function used(): number | undefined {
  return rig.delivery.quotas().get('a')?.[0]?.used;
}

async function waiting(): Promise<number> {
  const counts = await rig.store.counts();
  return counts.every(({ state }) => state === 'waiting') ? (counts[0]?.recipients ?? 0) : -1;
}

test('a used-up quota leaves the account open, the mail waiting and its attempts uncounted', async () => {
  await open(perDay(2));
  const ids = [];
  for (let count = 0; count < 5; count++) ids.push(await rig.submit());
  await upstream.taken(2);
  await rig.until(async () => (await waiting()) === 3, 'the rest to wait');
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
  expect(rig.delivery.reserve('a', 10)).toBeNull();
  for (const id of ids.slice(2)) {
    const row = (await rig.store.show(id)).queued?.recipients[0];
    expect(row).toMatchObject({ state: 'waiting', attempts: 0 });
  }
  expect(rig.all('recipient.settled').map(({ outcome }) => outcome)).toEqual([
    'delivered',
    'delivered',
  ]);
  expect(used()).toBe(2);
  const outMs = (rig.delivery.outAtMs('a', 3) ?? 0) - rig.now();
  expect(outMs).toBeGreaterThan(dayMs);
  expect(outMs).toBeLessThan(2.1 * dayMs);

  rig.aheadMs += 1.02 * dayMs;
  await rig.delivery.look();
  await upstream.taken(4);
  await rig.until(async () => (await waiting()) === 1, 'one to wait for another day');
});

test('the lane wakes by itself when the window has room', async () => {
  await open({ rate: [rolling(4, 200)], connections: 3 });
  for (let count = 0; count < 10; count++) await rig.submit();
  await upstream.taken(10);
  expect(rig.all('recipient.settled').every(({ outcome }) => outcome === 'delivered')).toBe(true);
});

test('what the provider refuses it does not count', async () => {
  await open(perDay(1), {
    rules: [
      { at: 'rcpt', times: 1, do: { reply: '550 5.1.1 no such user' } },
      { at: 'end-of-data', times: 1, do: { reply: '450 4.2.0 later' } },
    ],
  });
  await rig.submit({ from: '' });
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  await rig.submit();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'deferred');
  await rig.submit();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'delivered');
  expect(used()).toBe(1);
});

test('what may have arrived is counted', async () => {
  await open(perDay(1), { rules: [{ at: 'end-of-data', times: 1, do: { drop: true } }] });
  await rig.submit();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'in-doubt');
  expect(used()).toBe(1);
});

test('where recipients count, a message goes out in as many parts as the quota allows', async () => {
  await open({ rate: [rolling(3, dayMs, 'recipients')] });
  const to = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.net`);
  const id = await rig.submit({ to });
  const [first] = await upstream.taken(1);
  expect(first?.recipients).toHaveLength(3);
  await rig.until(async () => (await waiting()) === 2, 'the rest to wait');
  const rest = (await rig.store.show(id)).queued?.recipients ?? [];
  expect(rest.map(({ attempts }) => attempts)).toEqual([0, 0]);
  expect(used()).toBe(3);
  rig.aheadMs += 1.02 * dayMs;
  await rig.delivery.look();
  await rig.event('message.completed', (event) => event.id === id);
  expect(used()).toBe(2);
});

test('a higher limit is in force with the reload', async () => {
  await open(perDay(1));
  await rig.submit();
  await upstream.taken(1);
  await rig.submit();
  await rig.until(async () => (await waiting()) === 1, 'the second to wait');
  rig.settings = makeSettings([makeAccount('a', upstream.port, { limits: perDay(2) })]);
  await rig.delivery.reload(rig.settings);
  await upstream.taken(2);
});

test('nothing is sent that could not be written down first', async () => {
  await open(perDay(9));
  await rig.enqueue();
  const refused: string[] = [];
  const { saveQuota } = rig.store;
  let broken = true;
  rig.store.saveQuota = async (...given) => {
    if (!broken) return saveQuota(...given);
    broken = false;
    refused.push(given[0]);
    throw new StoreError('io', 'the disk failed');
  };
  await rig.delivery.look();
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'delivered');
  expect(refused).toEqual(['a']);
  expect(upstream.messages).toHaveLength(1);
});
