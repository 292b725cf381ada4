import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings, type Rig, rolling } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(rules: readonly Rule[] = []): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules });
  const limits = { rate: [rolling(1, 86_400_000)] };
  const account = makeAccount('a', upstream.port, { limits, headers: { 'X-Stream': 'test' } });
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
}

function send() {
  const { message, body } = rig.message({ from: 'me@a.example', to: ['you@b.example'] });
  if (body.in !== 'memory') throw new Error('a test message is small');
  return rig.delivery.testAccount('a', { message, bytes: body.bytes });
}

test('one message goes out at once, past queue and routes, and its reply is the last step', async () => {
  await open([{ at: 'end-of-data', times: 1, do: { reply: '250 2.0.0 Ok 17' } }]);
  const report = await send();
  expect(report).toMatchObject({
    ok: true,
    sent: { from: 'me@a.example', to: 'you@b.example' },
    hint: null,
  });
  expect(report.steps.at(-1)).toMatchObject({ phase: 'end-of-data', detail: '250 2.0.0 Ok 17' });
  expect(upstream.messages).toHaveLength(1);
  expect(upstream.messages[0]?.recipients).toMatchObject([{ forwardPath: 'you@b.example' }]);
  expect(await rig.store.counts()).toEqual([]);
  expect(rig.all('recipient.settled')).toMatchObject([{ outcome: 'delivered', account: 'a' }]);
});

test('it counts against the quota, and without room nothing is sent', async () => {
  await open();
  expect((await send()).ok).toBe(true);
  const second = await send();
  expect(second.ok).toBe(false);
  expect(second.steps.at(-1)?.detail).toBe('limits.rate has no room now: nothing was sent');
  expect(upstream.messages).toHaveLength(1);
  expect(rig.all('recipient.settled')).toHaveLength(1);
});

test('a refusal is shown where it came, is not counted and not tried again', async () => {
  await open([
    { at: 'rcpt', times: 1, do: { reply: '550 5.1.1 no such user' } },
    { at: 'mail', times: 1, after: 1, do: { reply: '535 5.7.8 who are you' } },
  ]);
  const report = await send();
  expect(report).toMatchObject({ ok: false, hint: null });
  expect(report.steps.at(-1)).toMatchObject({ phase: 'rcpt', detail: '550 5.1.1 no such user' });
  expect(rig.all('recipient.settled')).toMatchObject([{ outcome: 'removed' }]);
  const held = await send();
  expect(held.steps.at(-1)).toMatchObject({ phase: 'mail', ok: false });
  expect(held.hint).not.toBeNull();
  // A test changes nothing for the mail that waits.
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
});
