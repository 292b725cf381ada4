import { expect, onTestFinished, test } from 'vitest';
import type { Suppression } from '../../../src/relay/suppression.ts';
import { startUpstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings } from './harness.ts';

const entry: Suppression = {
  address: 'kim@example.net',
  account: 'main',
  reason: 'complaint',
  detail: 'abuse',
  sinceMs: 1_795_000_000_000,
  untilMs: null,
};

async function open(action: 'refuse' | 'drop') {
  const upstream = await startUpstream({ tls: 'none' });
  const settings = {
    ...makeSettings([makeAccount('main', upstream.port)]),
    suppression: { action, scope: 'account', bounceMs: 'off', complaintMs: 'off' } as const,
  };
  const find = (forwardPath: string, accounts: readonly string[]) =>
    forwardPath === entry.address && accounts.includes('main') ? entry : null;
  const rig = makeRig(settings, { suppressed: { find, has: () => true } });
  onTestFinished(async () => {
    await rig.delivery.drain(0);
    await upstream.close();
  });
  await rig.delivery.resume();
  return { rig, upstream };
}

const to = ['kim@example.net', 'lee@example.net'];
const text = 'suppressed since 2026-11-18 (complaint): abuse';

test('who is suppressed is bounced before the attempt, the others get it', async () => {
  const { rig, upstream } = await open('refuse');
  const id = await rig.submit({ to });
  await rig.event('message.completed', (event) => event.id === id);
  await rig.until(() => upstream.messages.length === 2, 'the notification');
  expect(upstream.messages[0]?.recipients.map(({ forwardPath }) => forwardPath)).toEqual([to[1]]);
  expect(String(upstream.messages[1]?.body)).toContain('Status: 5.1.1');
  const { history } = await rig.store.show(id);
  expect(history?.recipients).toMatchObject([
    { index: 0, outcome: 'bounced', reason: 'suppressed', text },
    { index: 1, outcome: 'delivered' },
  ]);
});

test('dropped: it is settled as discarded, and nobody is told', async () => {
  const { rig, upstream } = await open('drop');
  const id = await rig.enqueue({ to: [entry.address] });
  rig.delivery.wake('main', rig.now());
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ id, outcome: 'discarded', reason: 'suppressed', text });
  await rig.event('message.completed');
  expect(upstream.messages).toEqual([]);
  expect((await rig.store.show(id)).queued).toBeNull();
});

test('a suppressed sender gets no notification, and none comes back for that', async () => {
  const { rig, upstream } = await open('refuse');
  await rig.submit({ from: entry.address, to: [entry.address] });
  await rig.until(() => rig.all('message.completed').length === 2, 'both to end');
  expect(upstream.messages).toEqual([]);
});
