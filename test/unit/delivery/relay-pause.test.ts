import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(): Promise<void> {
  upstream = await startUpstream({ tls: 'none' });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits: { connections: 1 } })]));
}

const delivered = (): number =>
  rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered').length;

test('a pause sends what waits in memory back; what runs is finished; resume lets all go', async () => {
  await open();
  await rig.delivery.resume();
  upstream.script([{ at: 'end-of-data', times: 1, do: { stall: true } }]);
  await rig.submit();
  await rig.submit();
  await rig.until(() => upstream.stalled() === 1, 'one attempt that runs');
  await rig.delivery.pauses.pause('new firewall', null);
  expect(await rig.event('relay.paused')).toMatchObject({ detail: 'new firewall', untilMs: null });
  expect(rig.delivery.reserve('a', 10)).toBeNull();
  const late = await rig.submit();
  upstream.release();
  await rig.until(() => delivered() === 1, 'the one that ran');
  await rig.until(async () => {
    const counts = await rig.store.counts();
    return counts.every(({ state }) => state === 'waiting');
  }, 'the others are back in the queue');
  await rig.delivery.look();
  expect(upstream.messages).toHaveLength(1);
  expect((await rig.store.show(late)).queued?.recipients).toMatchObject([
    { state: 'waiting', attempts: 0 },
  ]);
  expect(await rig.delivery.pauses.resume()).toMatchObject({ reason: 'new firewall' });
  await rig.until(() => delivered() === 3, 'all');
  expect(rig.all('relay.resumed')).toEqual([{ is: 'relay.resumed', by: 'operator' }]);
  expect(await rig.delivery.pauses.resume()).toBeNull();
});

test('it is kept over a restart and ends by itself', async () => {
  await open();
  await rig.store.savePause({ reason: 'x', sinceMs: rig.now(), untilMs: rig.now() + 40 });
  await rig.enqueue();
  await rig.delivery.resume();
  expect(rig.delivery.pauses.current).toMatchObject({ reason: 'x' });
  await rig.until(() => delivered() === 1, 'the message');
  expect(rig.all('relay.resumed')).toEqual([{ is: 'relay.resumed', by: 'time' }]);
  expect((await rig.store.steering()).pause).toBeNull();
});

test('its end comes even when it cannot be kept, and that is said', async () => {
  await open();
  await rig.delivery.resume();
  await rig.delivery.pauses.pause('x', rig.now() + 40);
  rig.store.failWith('io');
  await rig.event('relay.resumed');
  expect(rig.all('store.failed')[0]).toMatchObject({ detail: expect.stringMatching(/^pause: /) });
  rig.store.failWith(null);
});

test('one that cannot be kept is not in force, and says so', async () => {
  await open();
  await rig.delivery.resume();
  rig.store.failWith('full');
  await expect(rig.delivery.pauses.pause('x', null)).rejects.toMatchObject({ fault: 'full' });
  expect(rig.delivery.pauses.current).toBeNull();
  rig.store.failWith(null);
  await rig.submit();
  await rig.until(() => delivered() === 1, 'the message');
});

test('a flush does not end it', async () => {
  await open();
  await rig.delivery.resume();
  await rig.delivery.pauses.pause('x', null);
  await rig.enqueue({ dueAtMs: rig.now() + 60_000 });
  const flushed = await rig.store.flush({ filter: {}, includeHeld: true, nowMs: rig.now() });
  await rig.delivery.flushed(flushed);
  await rig.delivery.look();
  expect(rig.delivery.pauses.current).not.toBeNull();
  expect(upstream.sessions.total).toBe(0);
});
