import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

const refused = '550 5.7.1 Message <x@y> blocked, ticket 4711';

async function open(rules: readonly Rule[], connections = 1): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits: { connections } })]));
  await rig.delivery.resume();
}

/** Nobody is told of its end. */
const quiet = (forwardPath: string) => ({
  recipients: [{ forwardPath, notify: 'NEVER', orcpt: null }],
});

const outcomes = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { outcome } of rig.all('recipient.settled')) {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
};

async function submitOne(to: string): Promise<void> {
  const before = rig.all('recipient.settled').length;
  await rig.submit(quiet(to));
  await rig.until(() => rig.all('recipient.settled').length > before, `the end of ${to}`);
}

test('three messages refused with the same words: the account is held, the third waits', async () => {
  await open([{ at: 'end-of-data', do: { reply: refused } }]);
  for (const to of ['a@x.example', 'b@x.example', 'c@x.example']) await submitOne(to);
  const held = await rig.event('account.held');
  expect(held).toMatchObject({ account: 'a', reason: 'refusals', detail: refused });
  expect(held.hint).toContain('relayctl account resume');
  expect(outcomes()).toEqual({ bounced: 2, deferred: 1 });
  const { rows } = await rig.store.list({ filter: {}, after: null, limit: 10 });
  expect(rows.flatMap(({ recipients }) => recipients)).toMatchObject([
    { state: 'waiting', attempts: 0, lastReason: 'refusals', lastText: refused },
  ]);
  await rig.submit(quiet('d@x.example'));
  expect(upstream.messages).toHaveLength(3);
});

test('after resume the count begins anew, and mail goes when it is taken again', async () => {
  await open([{ at: 'end-of-data', do: { reply: refused } }]);
  for (const to of ['a@x.example', 'b@x.example', 'c@x.example']) await submitOne(to);
  await rig.event('account.held');
  await rig.delivery.resumeAccount('a');
  // Refused once more: that is the first, and it bounces.
  await rig.until(() => outcomes().bounced === 3, 'the third bounce');
  expect(await rig.store.refusals()).toMatchObject(
    new Map([['a', { seen: [{ text: 'message blocked ticket' }] }]]),
  );
  upstream.script([]);
  await submitOne('e@x.example');
  expect(outcomes()).toMatchObject({ delivered: 1 });
  await rig.until(async () => (await rig.store.refusals()).size === 0, 'the count to be forgotten');
});

test('transactions side by side: what ends after the hold is put back, too', async () => {
  await open([{ at: 'end-of-data', do: { reply: refused } }], 8);
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, n) => rig.submit(quiet(`r${n}@x.example`))),
  );
  await rig.event('account.held');
  await rig.delivery.drain(2_000);
  expect(outcomes().bounced).toBe(2);
  const kept = await Promise.all(ids.map((id) => rig.store.show(id)));
  const waiting = kept.flatMap(({ queued }) => queued?.recipients ?? []);
  expect(waiting).toHaveLength(18);
  expect(waiting.every(({ state, attempts }) => state === 'waiting' && attempts === 0)).toBe(true);
});

test('a success between them, and refusals of single recipients, do not count', async () => {
  await open([{ at: 'rcpt', do: { reply: '550 5.1.1 no such user' } }]);
  for (let n = 0; n < 6; n++) await submitOne(`r${n}@x.example`);
  upstream.script([{ at: 'end-of-data', do: { reply: refused } }]);
  for (let n = 0; n < 2; n++) await submitOne(`s${n}@x.example`);
  upstream.script([]);
  await submitOne('t@x.example');
  upstream.script([{ at: 'end-of-data', do: { reply: refused } }]);
  for (let n = 0; n < 2; n++) await submitOne(`u${n}@x.example`);
  expect(rig.all('account.held')).toEqual([]);
  expect(outcomes()).toEqual({ bounced: 10, delivered: 1 });
});

test('the count survives a restart', async () => {
  await open([{ at: 'end-of-data', do: { reply: refused } }]);
  await submitOne('a@x.example');
  await submitOne('b@x.example');
  await rig.delivery.drain(0);
  const kept = await rig.store.refusals();
  rig = makeRig(rig.settings);
  for (const [name, refusals] of kept) await rig.store.saveRefusals(name, refusals);
  await rig.delivery.resume();
  await submitOne('c@x.example');
  expect(await rig.event('account.held')).toMatchObject({ reason: 'refusals' });
  expect(outcomes()).toEqual({ deferred: 1 });
});

test('a storage that cannot keep the count says so, and the count goes on', async () => {
  await open([{ at: 'end-of-data', do: { reply: refused } }]);
  const { saveRefusals } = rig.store;
  rig.store.saveRefusals = async () => {
    rig.store.failWith('io');
    await saveRefusals('a', null).finally(() => rig.store.failWith(null));
  };
  for (const to of ['a@x.example', 'b@x.example', 'c@x.example']) await submitOne(to);
  await rig.event('account.held');
  await rig.event('store.failed', ({ detail }) => detail.startsWith('refusals of a'));
});

test('notifications alone hold nothing; with the words of other mail they count', async () => {
  await open([{ at: 'end-of-data', do: { reply: '550 5.7.1 empty sender refused' } }]);
  for (let n = 0; n < 4; n++) {
    const before = outcomes().bounced ?? 0;
    await rig.submit({ from: '', to: [`r${n}@x.example`] });
    await rig.until(() => (outcomes().bounced ?? 0) > before, 'one more bounced');
  }
  expect(rig.all('account.held')).toEqual([]);
  upstream.script([{ at: 'end-of-data', do: { reply: refused } }]);
  for (let n = 0; n < 3; n++) await rig.submit({ to: [`s${n}@x.example`] });
  await rig.event('account.held');
  // Who was told nothing of a bounce yet is told when the account works again.
  upstream.script([]);
  await rig.delivery.resumeAccount('a');
  await rig.until(async () => (await rig.store.counts()).length === 0, 'an empty queue');
});
