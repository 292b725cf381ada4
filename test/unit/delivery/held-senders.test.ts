import { afterEach, expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import type { Rule } from '../../support/upstream-rules.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

const refused = '554 Message rejected: Email address is not verified.';
const refusal: Rule = { at: 'end-of-data', do: { reply: refused } };
const [shop, other] = ['shop@x.example', 'other@x.example'];

async function open(rules: readonly Rule[] = [refusal], connections = 1): Promise<void> {
  upstream = await startUpstream({ tls: 'none', rules });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { limits: { connections } })]));
  await rig.delivery.resume();
}

/** One message of the sender was tried and refused: the pair is held. */
async function holdShop(): Promise<void> {
  await rig.submit({ from: shop });
  await rig.event('recipient.settled', ({ outcome }) => outcome === 'held');
}

const heldNow = (): number =>
  rig.all('recipient.settled').filter(({ outcome }) => outcome === 'held').length;
const delivered = (): number =>
  rig.all('recipient.settled').filter(({ outcome }) => outcome === 'delivered').length;

test('the pair is held: further mail of the sender waits without an attempt, others go', async () => {
  await open();
  await holdShop();
  expect(await rig.event('sender.held')).toMatchObject({
    account: 'a',
    sender: shop,
    detail: refused,
    hint: expect.stringContaining('Verify'),
  });
  const fresh = await rig.submit({ from: 'SHOP@x.example' });
  const byFrom = await rig.submit({ from: '', message: { from: shop } });
  await rig.enqueue({ from: shop });
  rig.delivery.wake('a', rig.now());
  await rig.until(() => heldNow() === 4, 'four held');
  expect(upstream.messages).toHaveLength(1);
  for (const id of [fresh, byFrom]) {
    expect((await rig.store.show(id)).queued?.recipients).toMatchObject([
      { state: 'held', attempts: 0, lastReason: 'sender', lastText: refused, lane: 'a' },
    ]);
  }
  upstream.script([]);
  await rig.submit({ from: other });
  await rig.until(() => delivered() === 1, 'the other sender');
  expect(rig.all('sender.held')).toHaveLength(1);
  expect(rig.all('account.held')).toEqual([]);
  expect(rig.delivery.senders.list('a')).toMatchObject([{ sender: shop, detail: refused }]);
});

test('mail in memory when the pair is held is taken out, without the other senders', async () => {
  await open([{ at: 'end-of-data', times: 1, do: { reply: refused } }]);
  await rig.submit({ from: shop });
  for (let n = 0; n < 5; n++) await rig.submit({ from: n % 2 === 0 ? shop : other });
  await rig.until(() => delivered() === 2 && heldNow() === 4, 'two delivered and four held');
  expect(upstream.messages).toHaveLength(3);
});

test('the operator ends the hold of one sender, and its mail goes', async () => {
  await open();
  await holdShop();
  await rig.submit({ from: shop });
  upstream.script([]);
  await rig.until(() => heldNow() === 2, 'both held');
  const none = await rig.delivery.senders.release('a', other);
  expect(none).toEqual({ senders: [], recipients: 0, messages: 0 });
  expect(await rig.delivery.senders.release('a', 'Shop@x.example')).toEqual({
    senders: [shop],
    recipients: 2,
    messages: 2,
  });
  await rig.delivery.look();
  await rig.until(() => delivered() === 2, 'both delivered');
  expect(rig.all('sender.released')).toMatchObject([{ sender: shop, by: 'operator' }]);
});

test('mail that is released by hand ends the hold; the rest of it stays held', async () => {
  await open();
  await holdShop();
  const id = await rig.submit({ from: shop });
  await rig.until(() => heldNow() === 2, 'both held');
  upstream.script([]);
  await rig.delivery.senders.lift({ id });
  const action = { is: 'release', dueAtMs: rig.now() } as const;
  await rig.store.act({ filter: { id }, action, nowMs: rig.now() });
  await rig.delivery.look();
  await rig.until(() => delivered() === 1, 'one delivered');
  await rig.submit({ from: shop });
  await rig.until(() => delivered() === 2, 'new mail, too');
  const counts = await rig.store.counts();
  expect(counts).toMatchObject([{ state: 'held', recipients: 1 }]);
  // Resuming the account finds what is left.
  await rig.delivery.senders.release('a', null);
  await rig.delivery.look();
  await rig.until(() => delivered() === 3, 'all delivered');
});

const changes: [string, Parameters<typeof makeAccount>[2], string][] = [
  ['other credentials', { credentialVersion: '2' }, '*'],
  ['other identities', { identities: ['@x.example'] }, '*'],
  ['other routes', {}, '*@x.example'],
];
test.each(changes)('a reload with %s ends the hold by itself', async (_, more, route) => {
  await open();
  await holdShop();
  const further = [{ ...makeRoute('*', ['a']), line: 2 }];
  rig.settings = makeSettings([makeAccount('a', upstream.port)], { routes: further });
  await rig.delivery.reload(rig.settings);
  expect(rig.all('sender.released')).toEqual([]);
  upstream.script([]);
  const routes = [makeRoute(route, ['a'])];
  rig.settings = makeSettings([makeAccount('a', upstream.port, more)], { routes });
  await rig.delivery.reload(rig.settings);
  await rig.until(() => delivered() === 1, 'it to be delivered');
  expect(rig.all('sender.released')).toMatchObject([{ sender: shop, by: 'reload' }]);
});

test('the hold survives a restart, and what changed meanwhile ends it', async () => {
  await open();
  await holdShop();
  const kept = await rig.store.heldSenders();
  const { settings } = rig;
  await rig.delivery.drain(0);
  rig = makeRig(settings);
  for (const held of kept) await rig.store.holdSender(held);
  await rig.delivery.resume();
  await rig.submit({ from: shop });
  await rig.until(() => heldNow() === 1, 'held at once');
  expect(upstream.messages).toHaveLength(1);
  await rig.delivery.drain(0);

  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { credentialVersion: '2' })]));
  for (const held of kept) await rig.store.holdSender(held);
  await rig.delivery.resume();
  await rig.event('sender.released');
  expect(await rig.store.heldSenders()).toEqual([]);
});

test('a storage that cannot end the hold leaves it in force', async () => {
  await open();
  await holdShop();
  rig.store.failWith('io');
  await expect(rig.delivery.senders.release('a', null)).rejects.toThrow();
  rig.settings = makeSettings([makeAccount('a', upstream.port, { credentialVersion: '2' })]);
  await rig.delivery.reload(rig.settings);
  expect(rig.delivery.senders.list('a')).toHaveLength(1);
  expect(rig.all('store.failed').length).toBeGreaterThan(0);
  expect(rig.all('sender.released')).toEqual([]);
  rig.store.failWith(null);
});

test('a notification whose null reverse-path is refused holds nobody', async () => {
  await open([{ at: 'mail', do: { reply: '550 5.7.1 null sender refused' } }]);
  await rig.submit({ from: '' });
  await rig.until(() => heldNow() === 1, 'held alone');
  expect(rig.all('sender.held')).toEqual([]);
});

const edits = { rewrite: { from: 'own@x.example', when: 'always' }, add: {}, remove: [] } as const;
const rewritten = [{ ...makeRoute('*', ['a']), edits }];

/** A message that leaves as `own@x.example` was refused and held. */
async function holdRewritten(): Promise<void> {
  await open();
  rig.settings = { ...rig.settings, routes: rewritten };
  await holdShop();
  expect(await rig.event('sender.held')).toMatchObject({ sender: 'own@x.example' });
  upstream.script([]);
}

test('mail that was held as whom a route rewrites it to goes with that sender', async () => {
  await holdRewritten();
  const released = await rig.delivery.senders.release('a', 'own@x.example');
  expect(released).toMatchObject({ recipients: 1, messages: 1 });
  await rig.delivery.look();
  await rig.until(() => delivered() === 1, 'it to be delivered');
});

test('mail that was held as whom a route rewrites it to can be released by hand', async () => {
  await holdRewritten();
  const filter = { states: ['held'] } as const;
  await rig.delivery.senders.lift(filter);
  expect(rig.delivery.senders.list('a')).toEqual([]);
});

test('mail that was held as whom a route rewrites it to goes when the route is mended', async () => {
  await holdRewritten();
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['a'])] };
  await rig.delivery.reload(rig.settings);
  await rig.until(() => delivered() === 1, 'it to be delivered');
});
