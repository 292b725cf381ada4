import { afterEach, expect, test } from 'vitest';
import { replyRulesOf } from '../../../src/config/presets.ts';
import { Dispatcher } from '../../../src/delivery/dispatcher.ts';
import type { DispatcherDeps } from '../../../src/delivery/dispatcher-deps.ts';
import type { AccountLimits } from '../../../src/relay/account.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings, owner, type Rig } from './harness.ts';
import { tokenBucket } from './paced-upstream.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(
  provider: string,
  rules: readonly Rule[],
  limits: Partial<AccountLimits>,
): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules });
  const replyRules = replyRulesOf(provider);
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { replyRules, limits })]));
  await rig.delivery.resume();
}

const tooFast = '454 Throttling failure: Maximum sending rate exceeded';

async function everyAttempt(ids: readonly string[]): Promise<number[]> {
  await rig.until(() => rig.all('message.completed').length === ids.length, 'all to be out');
  const delivered = rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered');
  expect(delivered).toHaveLength(ids.length);
  return delivered.map(({ attempts }) => attempts);
}

test('too fast for SES: no pause, no attempt used, and the rest at the rate that it bears', async () => {
  const mayPass = tokenBucket(40, 20);
  const rule = { at: 'end-of-data', when: () => !mayPass(performance.now()) } as const;
  await open('ses', [{ ...rule, do: { reply: tooFast } }], { connections: 4 });
  const ids = [];
  for (let count = 0; count < 60; count++) ids.push(await rig.submit());
  expect(new Set(await everyAttempt(ids))).toEqual(new Set([1]));
  expect(rig.all('account.paused')).toEqual([]);
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
  const [slowed] = rig.all('account.slowed');
  expect(slowed).toMatchObject({ account: 'a', connections: 4, detail: tooFast });
  expect(slowed?.perSecond).toBeGreaterThan(1);
  expect(rig.delivery.slowed().get('a')?.perSecond).toBeGreaterThan(1);
});

test('where recipients count, a transaction has no more of them than the pace has in a second', async () => {
  let recipients = 0;
  const counts = (next: () => number) => () => {
    recipients = next();
    return false;
  };
  let taken: { atMs: number; recipients: number }[] = [];
  const tooMany = (): boolean => {
    const nowMs = performance.now();
    taken = taken.filter(({ atMs }) => atMs > nowMs - 1_000);
    const before = taken.reduce((sum, one) => sum + one.recipients, 0);
    if (before + recipients > 40) return true;
    taken.push({ atMs: nowMs, recipients });
    return false;
  };
  const usual = { reply: '' };
  await open(
    'ses',
    [
      { at: 'mail', when: counts(() => 0), do: usual },
      { at: 'rcpt', when: counts(() => recipients + 1), do: usual },
      { at: 'end-of-data', when: tooMany, do: { reply: tooFast } },
    ],
    { counts: 'recipients', connections: 1, recipients: 50 },
  );
  const to = Array.from({ length: 30 }, (_, index) => `r${index}@x.example`);
  await rig.submit({ to });
  await rig.event('message.completed');
  await rig.submit({ to });
  await rig.until(() => rig.all('message.completed').length === 2, 'both to be out');
  const settled = rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered');
  expect(settled.map(({ attempts }) => attempts)).toEqual(Array.from({ length: 60 }, () => 1));
  expect(rig.all('account.slowed').length).toBeGreaterThan(0);
  expect(rig.all('account.paused')).toEqual([]);
});

test('what was learned is forgotten when a reload brings another server or other credentials', async () => {
  await open('ses', [{ at: 'end-of-data', times: 1, do: { reply: tooFast } }], {});
  await rig.submit();
  await rig.event('account.slowed');
  const account = rig.settings.accounts.get('a');
  if (account === undefined) throw new Error('no account');
  await rig.delivery.reload(rig.settings);
  expect(rig.delivery.slowed().get('a')?.perSecond).not.toBeNull();
  rig.settings = makeSettings([{ ...account, credentialVersion: '2' }]);
  await rig.delivery.reload(rig.settings);
  expect(rig.delivery.slowed().get('a')?.perSecond).toBeNull();
  await rig.event('message.completed');
});

test('a message whose time comes between two looks at the clock is not forgotten', async () => {
  await open('ses', [], {});
  const lookAtMs: number[] = [];
  const permits = { reserve: () => null, freeFrom: () => 0, connectionsMax: () => 2 };
  const dispatcher = new Dispatcher({
    settings: () => rig.settings,
    permits,
    senders: { list: () => [] },
    clock: () => 1_000,
    owner,
    isPaused: () => false,
    onDue: (atMs: number) => lookAtMs.push(atMs),
  } as unknown as DispatcherDeps);
  const { message, body } = rig.message();
  const lease = dispatcher.reserve('a', message.bytes);
  if (lease === null) throw new Error('no room');
  const recipient = { index: 0, state: 'leased', lane: 'a', attempts: 0, dueAtMs: 0 } as const;
  const rest = { delayWarned: false, lastText: null, lastReason: null };
  dispatcher.start({ message, recipients: [{ ...recipient, ...rest }], lease }, body);
  expect(lookAtMs).toEqual([1_001]);
});

test('too fast at any rate: the account pauses by its ladder once the rate is as low as it gets', async () => {
  let aheadMs = 0;
  upstream = await startUpstream({
    tls: 'none',
    rules: [{ at: 'end-of-data', do: { reply: tooFast } }],
  });
  const account = makeAccount('a', upstream.port, { replyRules: replyRulesOf('ses') });
  rig = makeRig(makeSettings([account]), { monotonic: () => performance.now() + aheadMs });
  await rig.delivery.resume();
  const id = await rig.submit();
  for (let looks = 0; rig.all('account.paused').length === 0; looks++) {
    expect(looks).toBeLessThan(20);
    const told = rig.all('recipient.settled').length;
    await rig.delivery.look();
    await rig.until(
      () => rig.all('recipient.settled').length > told || rig.all('account.paused').length > 0,
      'the next refusal',
    );
    aheadMs += 10_000;
    rig.aheadMs += 10_000;
  }
  expect(rig.all('account.slowed').at(-1)?.perSecond).toBe(0.2);
  expect(rig.all('account.paused')).toMatchObject([{ reason: 'throttled' }]);
  expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
    { state: 'waiting', attempts: 0, lastReason: 'throttled' },
  ]);
});

test('too many connections: one less until they fit, and no pause', async () => {
  const tooMany = () => upstream.sessions.open > 2;
  const reply = '421 Too many concurrent SMTP connections';
  const refuses: Rule = { at: 'greeting', when: tooMany, do: { reply, drop: true } };
  await open('ses', [refuses, { at: 'end-of-data', times: 2, do: { stall: true } }], {
    connections: 5,
  });
  const ids = [];
  for (let count = 0; count < 20; count++) ids.push(await rig.submit());
  await rig.until(
    () => rig.delivery.slowed().get('a')?.connections === 2,
    'two connections at once',
  );
  await rig.until(() => upstream.stalled() === 2, 'both to be busy');
  expect(upstream.sessions.open).toBe(2);
  upstream.release();
  expect(new Set(await everyAttempt(ids))).toEqual(new Set([1]));
  expect(rig.all('account.paused')).toEqual([]);
});

test('too many connections although there is but one: the account pauses', async () => {
  const reply = '421 Too many concurrent SMTP connections';
  await open('cpanel', [{ at: 'greeting', do: { reply } }], { connections: 1 });
  await rig.submit();
  expect(await rig.event('account.paused')).toMatchObject({ reason: 'throttled' });
  expect(rig.all('account.slowed')).toEqual([]);
});

test('a slowed account sends the parts of a message that is split, one after the other', async () => {
  let aheadMs = 0;
  let recipients = 0;
  const counts = (next: () => number) => () => {
    recipients = next();
    return false;
  };
  const tooMany = { reply: '552 5.5.3 Too many recipients' };
  const rules: readonly Rule[] = [
    { at: 'end-of-data', times: 1, do: { reply: tooFast } },
    { at: 'mail', when: counts(() => 0), do: tooMany },
    { at: 'rcpt', when: counts(() => recipients + 1), do: tooMany },
    { at: 'end-of-data', when: () => recipients > 1, do: tooMany },
  ];
  upstream = await startUpstream({ tls: 'none', rules });
  const account = makeAccount('a', upstream.port, { replyRules: replyRulesOf('ses') });
  rig = makeRig(makeSettings([account]), { monotonic: () => performance.now() + aheadMs });
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('account.slowed');
  await rig.submit({ to: ['a@x.example', 'b@x.example', 'c@x.example'] });
  for (let looks = 0; rig.all('message.completed').length < 2; looks++) {
    expect(looks).toBeLessThan(50);
    aheadMs += 10_000;
    rig.aheadMs += 10_000;
    await rig.delivery.look();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(upstream.messages.length).toBeLessThan(10);
});
