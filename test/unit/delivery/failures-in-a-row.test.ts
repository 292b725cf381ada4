import { expect, onTestFinished, test } from 'vitest';
import { startUpstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings } from './harness.ts';

async function open(rule: Rule) {
  const upstream = await startUpstream({ tls: 'none', rules: [rule] });
  const rig = makeRig(makeSettings([makeAccount('a', upstream.port)]));
  onTestFinished(async () => {
    await rig.delivery.drain(0);
    await upstream.close();
  });
  await rig.delivery.resume();
  const failures = (): number => rig.delivery.failuresInARow('a');
  const settled = (count: number) =>
    rig.until(() => rig.all('recipient.settled').length >= count, `${count} outcomes`);
  return { rig, failures, settled };
}

test('fresh messages that are put off count until one is delivered, those tried before do not', async () => {
  const busy: Rule = { at: 'rcpt', path: 'busy', do: { reply: '450 4.2.1 later' } };
  const { rig, failures, settled } = await open(busy);
  await rig.submit({ to: ['busy@x.example'] });
  await rig.submit({ to: ['busy2@x.example'] });
  await rig.until(() => failures() === 2, 'two failures');
  rig.aheadMs += 7_200_000;
  rig.delivery.wake('a', rig.now());
  await settled(4);
  expect(failures()).toBe(2);
  await rig.submit({ to: ['ok@x.example'] });
  await rig.until(() => failures() === 0, 'a delivery to count');
});

test('an account that stops is told of as such', async () => {
  const rule = { at: 'mail', do: { reply: '421 4.3.2 shutting down' } } as const;
  const { rig, failures } = await open(rule);
  await rig.submit({ to: ['kim@x.example'] });
  await rig.event('account.paused');
  expect(failures()).toBe(0);
});
