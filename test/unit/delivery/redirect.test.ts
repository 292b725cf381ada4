import { afterEach, expect, test } from 'vitest';
import type { MessageId } from '../../../src/relay/message.ts';
import type { Spool } from '../../../src/relay/ports.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

const hourMs = 3_600_000;
let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig.delivery.drain(0);
  await upstream.close();
});

async function open(options: UpstreamOptions = {}, spool?: Spool): Promise<void> {
  upstream = await startUpstream({ tls: 'none', ...options });
  const accounts = [
    makeAccount('a', upstream.port),
    makeAccount('b', upstream.port, {
      headers: { 'X-Way': 'b' },
      identities: ['@example.org'],
    }),
  ];
  rig = makeRig(makeSettings(accounts), spool === undefined ? {} : { spool });
  await rig.delivery.resume();
}

const viaB = (message: { body: Buffer } | undefined): boolean =>
  message?.body.toString().startsWith('X-Way: b') ?? false;
const redirect = (ask: Partial<Parameters<Rig['delivery']['redirect']>[0]>) =>
  rig.delivery.redirect({ filter: {}, to: null, force: false, dryRun: false, ...ask });
const row = async (id: MessageId) => (await rig.store.show(id)).queued;
/** Waits longer than any test takes. */
const later = () => ({ dueAtMs: rig.now() + hourMs });

test('bound to an account it goes at once, and the routes have no say any more', async () => {
  await open();
  const id = await rig.enqueue(later());
  const dry = await redirect({ to: 'b', dryRun: true });
  expect(dry).toMatchObject({ messages: 1, moves: [{ from: 'a', to: 'b', recipients: 1 }] });
  expect(await row(id)).toMatchObject({ recipients: [{ lane: 'a' }] });
  await rig.delivery.holdAccount('b', 'maintenance');
  expect(await redirect({ to: 'b' })).toEqual(dry);
  expect((await row(id))?.message.boundAccount).toBe('b');
  // The routes still say a, also after a reload; the binding is stronger.
  await rig.delivery.reload(rig.settings);
  expect(await row(id)).toMatchObject({ recipients: [{ lane: 'b', state: 'waiting' }] });
  await rig.delivery.resumeAccount('b');
  expect(viaB((await upstream.taken(1))[0])).toBe(true);
});

test('an account is not given mail that it may not send as', async () => {
  await open();
  const id = await rig.enqueue({ ...later(), from: 'me@other.example' });
  const report = await redirect({ to: 'b' });
  expect(report).toMatchObject({
    recipients: 0,
    notAllowed: 1,
    senders: [{ id, address: 'me@other.example' }],
  });
  expect(await row(id)).toMatchObject({
    message: { boundAccount: null },
    recipients: [{ lane: 'a' }],
  });
});

test('what may have arrived is left alone, and goes elsewhere with force only', async () => {
  await open({ rules: [{ at: 'end-of-data', times: 1, do: { drop: true } }] });
  const id = await rig.submit();
  await rig.event('recipient.settled');
  expect(await redirect({ to: 'b' })).toMatchObject({ recipients: 0, inDoubt: 1 });
  expect(await row(id)).toMatchObject({ recipients: [{ state: 'in-doubt', lane: 'a' }] });
  expect(await redirect({ to: 'b', force: true })).toMatchObject({ recipients: 1, inDoubt: 0 });
  await rig.event('message.completed');
  expect(viaB(upstream.messages.at(-1))).toBe(true);
});

test('by the routes: what waits moves, what was held for want of a route goes', async () => {
  await open();
  const waits = await rig.enqueue(later());
  const { message, body } = rig.message();
  await rig.store.accept([{ message, body, lane: null, start: { is: 'held', reason: 'route 1' } }]);
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['b'])] };
  const report = await redirect({});
  expect(report).toMatchObject({ recipients: 2, messages: 2, withoutAccount: 0 });
  expect(report.moves).toHaveLength(2);
  const sent = await upstream.taken(2);
  expect(sent.every(viaB)).toBe(true);
  await rig.until(async () => (await row(waits)) === null, 'nothing left');
  expect(await redirect({})).toMatchObject({ recipients: 0, moves: [] });
});

test('by the routes: what has no way any more is held, what is held by an operator stays', async () => {
  await open();
  const [waits, stopped] = [await rig.enqueue(later()), await rig.enqueue(later())];
  const hold = { is: 'hold', reason: 'wait for me' } as const;
  await rig.store.act({ filter: { id: stopped }, action: hold, nowMs: rig.now() });
  rig.settings = { ...rig.settings, routes: [] };
  expect(await redirect({ dryRun: true })).toMatchObject({ withoutAccount: 1, recipients: 0 });
  expect(await redirect({})).toMatchObject({ withoutAccount: 1 });
  expect((await row(waits))?.recipients[0]).toMatchObject({
    state: 'held',
    lastReason: 'no-route',
  });
  rig.settings = { ...rig.settings, routes: [makeRoute('*', ['b'])] };
  await redirect({ filter: { id: stopped } });
  expect((await row(stopped))?.recipients[0]).toMatchObject({
    state: 'held',
    lane: 'b',
    lastText: 'wait for me',
  });
});

test('many pages of mail keep their order and are all found', async () => {
  await open();
  for (let count = 0; count < 450; count++) await rig.enqueue(later());
  await rig.delivery.holdAccount('b', 'maintenance');
  expect(await redirect({ to: 'b' })).toMatchObject({ recipients: 450, messages: 450 });
  expect(await rig.store.count({ filter: {}, states: ['waiting'] })).toMatchObject({
    lanes: [{ lane: 'b', messages: 450 }],
  });
});

async function bytesOf(id: MessageId, stored = false) {
  const preview = await rig.delivery.preview(id, stored);
  if (preview === null) return null;
  const { chunks, ...rest } = preview;
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return { ...rest, text: Buffer.concat(all).toString() };
}

test('a preview is what the upstream then gets', async () => {
  await open();
  const id = await rig.enqueue({ ...later(), lane: 'b' });
  const preview = await bytesOf(id);
  expect(preview).toMatchObject({
    account: 'b',
    recipients: ['to@example.net'],
    otherVersions: 0,
  });
  await redirect({ to: 'b' });
  const [sent] = await upstream.taken(1);
  expect(preview?.text).toBe(sent?.body.toString());
  await rig.event('message.completed');
  expect(await bytesOf(id)).toBeNull();
});

test('by request or without a configured account it is what is stored; versions are counted', async () => {
  await open();
  const gone = await rig.enqueue({ ...later(), lane: 'gone' });
  expect(await bytesOf(gone)).toMatchObject({
    account: null,
    text: 'Subject: test\r\n\r\nHello.\r\n',
  });
  const edits = { rewrite: null, add: { 'X-For': 'x' }, remove: [] };
  const toX = { ...makeRoute('*', ['a']), recipient: '@x.example', edits };
  rig.settings = { ...rig.settings, routes: [toX, makeRoute('*', ['a'])] };
  const two = await rig.enqueue({ ...later(), to: ['me@x.example', 'you@y.example'] });
  expect(await bytesOf(two)).toMatchObject({
    recipients: ['me@x.example'],
    otherVersions: 1,
    text: expect.stringMatching(/^X-For: x\r\n/),
  });
  expect(await bytesOf(two, true)).toMatchObject({
    account: null,
    recipients: ['me@x.example', 'you@y.example'],
    otherVersions: 0,
    text: 'Subject: test\r\n\r\nHello.\r\n',
  });
});
