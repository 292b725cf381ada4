import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { Body } from '../../../src/relay/message.ts';
import type { Spool } from '../../../src/relay/ports.ts';
import type { Route, RouteEdits } from '../../../src/relay/route.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeRoute, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rig: Rig;

afterEach(async () => {
  await rig?.delivery.drain(1_000);
  await upstream?.close();
});

const edits: RouteEdits = {
  rewrite: { from: 'n@own.example', when: 'unauthorized' },
  add: { 'X-Relay': 'relayd' },
  remove: ['x-internal-*'],
};
const header =
  'From: App <app@b.example>\r\nX-Internal-Host: db1\r\nSubject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n';
const body = Buffer.from(`${header}\r\nX-Internal-Host: quoted\r\n.dot\r\n`);
const edited =
  'X-Relay: relayd\r\nSubject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n' +
  'From: App <n@own.example>\r\nReply-To: App <app@b.example>\r\n' +
  '\r\nX-Internal-Host: quoted\r\n.dot\r\n';
const mail = { from: 'app@b.example', body, message: { from: 'app@b.example' } };

async function begin(routes: readonly Route[], spool?: Spool): Promise<void> {
  upstream = await startUpstream({ tls: 'none' });
  const identities = ['@own.example'];
  const accounts = ['first', 'second'].map((name) =>
    makeAccount(name, upstream.port, {
      identities,
      headers: name === 'first' ? {} : { 'X-Account': name },
      foreignFields: name === 'first' ? ['x-ses-*'] : ['x-smtpapi'],
    }),
  );
  rig = makeRig(makeSettings(accounts, { routes }), spool === undefined ? {} : { spool });
  await rig.delivery.resume();
}

test('what is sent is rewritten, and its size is the one announced', async () => {
  await begin([{ ...makeRoute('*', ['first']), edits }]);
  const id = await rig.submit(mail);
  const [sent] = await upstream.taken(1);
  expect(sent?.reversePath).toBe('n@own.example');
  expect(sent?.body.toString()).toBe(edited);
  expect(sent?.parameters).toContain(`SIZE=${edited.length}`);
  await rig.event('message.completed');
  expect((await rig.store.show(id)).history?.message.envelope.reversePath).toBe('app@b.example');
});

test('a spooled body is edited as it streams, in pieces of any size', async () => {
  const read = (): Readable => Readable.from([...body].map((octet) => Buffer.from([octet])));
  const create = () => Promise.reject(new Error('not asked for'));
  await begin([{ ...makeRoute('*', ['first']), edits }], { read, create });
  const spooled: Body = { in: 'spool', file: 'one', bytes: body.length };
  const { message } = rig.message(mail);
  const start = { is: 'waiting', dueAtMs: rig.now() } as const;
  await rig.store.accept([{ message, body: spooled, lane: 'first', start: start }]);
  rig.delivery.wake('first', rig.now());
  const [sent] = await upstream.taken(1);
  expect(sent?.body.toString()).toBe(edited);
  expect(sent?.parameters).toContain(`SIZE=${edited.length}`);
});

test('a spooled body that cannot be read is held before anything is sent', async () => {
  const read = (): Readable => {
    throw new Error('gone');
  };
  const create = () => Promise.reject(new Error('not asked for'));
  await begin([{ ...makeRoute('*', ['first']), edits }], { read, create });
  const spooled: Body = { in: 'spool', file: 'one', bytes: body.length };
  const { message } = rig.message(mail);
  const start = { is: 'waiting', dueAtMs: rig.now() } as const;
  await rig.store.accept([{ message, body: spooled, lane: 'first', start: start }]);
  rig.delivery.wake('first', rig.now());
  const settled = await rig.event('recipient.settled');
  expect(settled).toMatchObject({ outcome: 'held', text: expect.stringContaining('gone') });
  expect(upstream.messages).toEqual([]);
});

test('recipients whose routes change different things get transactions of their own', async () => {
  await begin([
    { ...makeRoute('*', ['first']), recipient: '@x.example', edits },
    { ...makeRoute('*', ['first']), recipient: '@y.example', edits },
    makeRoute('*', ['first']),
  ]);
  await rig.submit({ ...mail, to: ['1@x.example', '2@z.example', '3@y.example'] });
  const sent = await upstream.taken(2);
  const seen = sent.map(({ reversePath, recipients }) => [
    reversePath,
    ...recipients.map(({ forwardPath }) => forwardPath),
  ]);
  expect(seen).toEqual([
    ['n@own.example', '1@x.example', '3@y.example'],
    ['app@b.example', '2@z.example'],
  ]);
});

test('queued mail is sent as the routes in force say', async () => {
  await begin([makeRoute('*', ['first'])]);
  await rig.enqueue(mail);
  rig.settings = { ...rig.settings, routes: [{ ...makeRoute('*', ['first']), edits }] };
  rig.delivery.wake('first', rig.now());
  const [sent] = await upstream.taken(1);
  expect(sent?.reversePath).toBe('n@own.example');
});

test('the null reverse-path stays null, and From is rewritten', async () => {
  await begin([{ ...makeRoute('*', ['first']), edits }]);
  await rig.submit({ ...mail, from: '' });
  const [sent] = await upstream.taken(1);
  expect(sent?.reversePath).toBe('');
  expect(sent?.body.toString()).toBe(edited);
});

test('a field of the route stands in place of the one of its account', async () => {
  const add = { 'x-account': 'of the route' };
  await begin([{ ...makeRoute('*', ['second']), edits: { rewrite: null, add, remove: [] } }]);
  await rig.submit({ from: 'a@own.example', body: Buffer.from('\r\n'), lane: 'second' });
  const [sent] = await upstream.taken(1);
  expect(sent?.body.toString()).toBe('x-account: of the route\r\n\r\n');
});

test('fields of another provider go on a fallback only, its own stay', async () => {
  await begin([makeRoute('*', ['first', 'second'])]);
  const fields = 'X-SES-Tags: a\r\nX-SMTPAPI: {}\r\n\r\n';
  const one = { body: Buffer.from(fields), from: 'a@own.example' };
  await rig.submit({ ...one, lane: 'first' });
  await rig.submit({ ...one, lane: 'second' });
  const sent = (await upstream.taken(2)).map((message) => message.body.toString());
  expect(sent.toSorted()).toEqual(
    [`X-Account: second\r\nX-SES-Tags: a\r\n\r\n`, fields].toSorted(),
  );
});

test('when only the copy fails the sender is told nothing, the operator is', async () => {
  await begin([makeRoute('*', ['first'])]);
  upstream.script([{ at: 'rcpt', path: 'log@', do: { reply: '550 5.1.1 no such user' } }]);
  const copy = { forwardPath: 'log@x.example', notify: 'NEVER', orcpt: null, blind: true } as const;
  const main = { forwardPath: 'to@x.example', notify: null, orcpt: null };
  await rig.submit({ from: 'a@own.example', recipients: [main, copy] });
  const bounced = await rig.event('recipient.settled', ({ outcome }) => outcome === 'bounced');
  expect(bounced.recipient).toBe('log@x.example');
  await rig.event('message.completed');
  expect(rig.all('message.accepted')).toEqual([]);
});
