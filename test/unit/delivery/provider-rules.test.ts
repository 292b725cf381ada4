import { afterEach, expect, test } from 'vitest';
import { readPreset, replyRulesOf } from '../../../src/config/presets.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(provider: string, rules: readonly Rule[]): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules });
  const account = makeAccount('a', upstream.port, { replyRules: replyRulesOf(provider) });
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
}

test('SES sandbox: one unknown recipient of ten bounces, the nine get the message', async () => {
  const reply =
    '554 Message rejected: Email address is not verified. The following identities failed the ' +
    'check in region EU-WEST-3: r4@x.example';
  await open('ses', [{ at: 'end-of-data', times: 1, do: { reply } }]);
  const to = Array.from({ length: 10 }, (_, index) => `r${index}@x.example`);
  await rig.submit({ from: '', to });
  await rig.event('message.completed');
  const settled = rig.all('recipient.settled');
  expect(settled.filter(({ outcome }) => outcome === 'bounced').map((it) => it.recipient)).toEqual([
    'r4@x.example',
  ]);
  expect(settled.filter(({ outcome }) => outcome === 'delivered')).toHaveLength(9);
  // The upstream keeps what it refused as well.
  expect(upstream.messages.map(({ recipients }) => recipients.length)).toEqual([10, 9]);
});

test('the hour of cPanel: no bounce, no attempt used, the account waits for the next one', async () => {
  const reply = '550 Domain x.example has exceeded the max emails per hour (5/5 (100%)) allowed.';
  await open('cpanel', [{ at: 'rcpt', do: { reply } }]);
  const id = await rig.submit({ to: ['r@x.example'] });
  const { reason, untilMs } = await rig.event('account.paused');
  expect(reason).toBe('quota');
  // Up to a minute behind the full hour, so that not everybody comes at once.
  expect(untilMs % 3_600_000).toBeLessThan(60_001);
  await rig.until(() => rig.all('recipient.settled').length === 1, 'told');
  expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
    { state: 'waiting', attempts: 0, lastReason: 'quota' },
  ]);
});

test('a reply to AUTH or at the greeting is read by the rules of the provider, too', async () => {
  await open('cpanel', [
    { at: 'greeting', do: { reply: '421 Too many concurrent SMTP connections' } },
  ]);
  await rig.submit({ to: ['r@x.example'] });
  expect(await rig.event('account.paused')).toMatchObject({ reason: 'throttled' });
});

test('Microsoft refuses a sender by mistake now and then: twice it is only tried again', async () => {
  const reply = '554 5.2.252 SendAsDenied; a@x.example not allowed to send as from@example.org';
  await open('microsoft365', [{ at: 'end-of-data', do: { reply } }]);
  const id = await rig.submit();
  for (const attempts of [1, 2]) {
    await rig.until(() => rig.all('recipient.settled').length === attempts, 'refused');
    expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
      { state: 'waiting', attempts, lastReason: 'sender' },
    ]);
    expect(rig.all('sender.held')).toEqual([]);
    rig.aheadMs += 3_600_000;
    await rig.delivery.look();
  }
  expect(await rig.event('sender.held')).toMatchObject({ sender: 'from@example.org' });
  await rig.until(() => rig.all('recipient.settled').length === 3, 'held');
  expect((await rig.store.show(id)).queued?.recipients).toMatchObject([{ state: 'held' }]);
});

test("the provider's own time to come back is kept over a restart of the relay", async () => {
  const at = new Date(Date.now() + 3 * 3_600_000).toUTCString().replace('GMT', 'UTC');
  const reply = `421 Domain x.example is not allowed to send: recipient limit exceeded, try again after ${at}`;
  await open('mailgun', [{ at: 'end-of-data', do: { reply } }]);
  const id = await rig.submit({ to: ['r@x.example'] });
  const { untilMs } = await rig.event('account.paused');
  expect(untilMs).toBeGreaterThanOrEqual(Date.parse(at));
  await rig.delivery.drain(0);

  const { settings, store } = rig;
  let nowMs = untilMs - 1;
  upstream.script([]);
  rig = makeRig(settings, { store, clock: () => nowMs });
  await rig.delivery.resume();
  expect(rig.delivery.states().get('a')).toMatchObject({ is: 'paused', untilMs });
  expect(rig.delivery.reserve('a', 10)).toBeNull();
  expect(upstream.messages).toHaveLength(1);
  nowMs = untilMs;
  await rig.delivery.look();
  await rig.event('message.completed', (event) => event.id === id);
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
  expect(rig.all('recipient.settled').at(-1)).toMatchObject({ outcome: 'delivered', attempts: 1 });
});

test('the id that the provider gives is told and kept', async () => {
  const id = '01000170d10e6a6c-71c65177-ce88-4135-9258-48c0e8bf916d-000000';
  upstream = await startUpstream({
    tls: 'none',
    rules: [
      { at: 'end-of-data', times: 1, do: { reply: `250 Ok ${id}` } },
      { at: 'end-of-data', times: 1, do: { reply: '250 Ok, as you like' } },
    ],
  });
  const providerIdPattern = new RegExp(readPreset('ses')?.id?.pattern ?? '', 'i');
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { providerIdPattern })]));
  await rig.delivery.resume();
  const message = await rig.submit({ to: ['r@x.example', 's@x.example'] });
  await rig.event('message.completed');
  expect(rig.all('recipient.settled').map(({ providerId }) => providerId)).toEqual([id, id]);
  const [attempt] = (await rig.store.show(message)).history?.attempts ?? [];
  expect(attempt?.results.map(({ providerId }) => providerId)).toEqual([id, id]);

  await rig.submit();
  await rig.until(() => rig.all('recipient.settled').length === 3, 'the second');
  expect(rig.all('recipient.settled')[2]).not.toHaveProperty('providerId');
});
