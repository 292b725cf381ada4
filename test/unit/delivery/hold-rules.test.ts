import { afterEach, expect, test } from 'vitest';
import { heldByRuleText } from '../../../src/policy/hold-rules.ts';
import type { MessageId } from '../../../src/relay/message.ts';
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
  rig = makeRig(makeSettings([makeAccount('a', upstream.port)]));
}

const staging = {
  sender: '@staging.example',
  client: null,
  recipient: null,
  account: null,
  reason: 'load test',
  untilMs: null,
  keep: false,
};

/** As submission stores what a rule holds. */
async function held(rule: { id: number; reason: string }): Promise<MessageId> {
  const { message, body } = rig.message();
  const start = { is: 'held', reason: heldByRuleText(rule) } as const;
  await rig.store.accept([{ message, body, lane: 'a', start }]);
  return message.id;
}

const stateOf = async (id: MessageId): Promise<string | undefined> =>
  (await rig.store.show(id)).queued?.recipients[0]?.state;
const delivered = (): number =>
  rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered').length;

test('a rule that is removed lets its mail go, and no other', async () => {
  await open();
  await rig.delivery.resume();
  const [one, two] = [
    await rig.delivery.holds.add(staging),
    await rig.delivery.holds.add({ ...staging, reason: 'b' }),
  ];
  expect(rig.delivery.holds.current).toEqual([one, two]);
  await held(one);
  const other = await held(two);
  expect(await rig.delivery.holds.remove(one.id, false)).toMatchObject({
    rule: { id: one.id },
    recipients: 1,
    messages: 1,
  });
  await rig.until(() => delivered() === 1, 'its mail');
  expect(await stateOf(other)).toBe('held');
  expect(await rig.delivery.holds.remove(one.id, false)).toBeNull();
  expect(rig.delivery.holds.current).toEqual([two]);
});

test('with keep the mail stays held', async () => {
  await open();
  await rig.delivery.resume();
  const rule = await rig.delivery.holds.add(staging);
  const id = await held(rule);
  expect(await rig.delivery.holds.remove(rule.id, true)).toMatchObject({ recipients: 0 });
  expect(await stateOf(id)).toBe('held');
});

test('it is kept over a restart and ends by itself; its mail goes', async () => {
  await open();
  const rule = await rig.store.addHoldRule({ ...staging, sinceMs: 0, untilMs: rig.now() + 40 });
  await held(rule);
  await rig.delivery.resume();
  expect(rig.delivery.holds.current).toEqual([rule]);
  await rig.until(() => delivered() === 1, 'the message');
  expect(rig.all('hold.ended')).toEqual([
    { is: 'hold.ended', rule: rule.id, by: 'time', recipients: 1 },
  ]);
  expect((await rig.store.steering()).rules).toEqual([]);
});

test('one whose time was over while the relay was down ends at the start', async () => {
  await open();
  const rule = await rig.store.addHoldRule({ ...staging, sinceMs: 0, untilMs: rig.now() - 1 });
  await held(rule);
  await rig.delivery.resume();
  expect(rig.delivery.holds.current).toEqual([]);
  await rig.until(() => delivered() === 1, 'the message');
});

test('a storage that fails keeps the mail held and the rule out of force', async () => {
  await open();
  await rig.delivery.resume();
  const rule = await rig.delivery.holds.add(staging);
  const id = await held(rule);
  rig.store.failWith('io');
  await expect(rig.delivery.holds.remove(rule.id, false)).rejects.toMatchObject({ fault: 'io' });
  expect(rig.delivery.holds.current).toEqual([]);
  rig.store.failWith(null);
  expect(await stateOf(id)).toBe('held');
  expect((await rig.store.steering()).rules).toEqual([rule]);
});
