import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import type { Account } from '../../../src/relay/account.ts';
import { type MemoryStore, openMemoryStore } from '../../contract/memory-store.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream;
let rigs: Rig[] = [];

beforeEach(async () => {
  upstream = await startUpstream({ tls: 'none', accounts: { bob: 'old' } });
});
afterEach(async () => {
  for (const rig of rigs) await rig.delivery.drain(0);
  rigs = [];
  await upstream.close();
});

/** Versions are named as the passwords. */
function having(password: string, next: string | null, more: Partial<Account> = {}): Account {
  const made = makeAccount('a', upstream.port, {
    username: 'bob',
    password: new Secret(password),
    credentialVersion: password,
    next: next === null ? null : { password: new Secret(next), credentialVersion: next },
    limits: { messagesPerConnection: 1 },
  });
  return { ...made, ...more };
}

async function start(account: Account, store?: MemoryStore): Promise<Rig> {
  const rig = makeRig(makeSettings([account]), store === undefined ? {} : { store });
  rigs.push(rig);
  await rig.delivery.resume();
  return rig;
}

const uses = ({ delivery }: Rig) =>
  delivery.credentials('a').map(({ slot, inUse, refusedAtMs }) => ({
    slot,
    inUse,
    refused: refusedAtMs !== null,
  }));

test('the next password is tried without mail, and all new connections use it once it works', async () => {
  upstream.setPassword('bob', 'new');
  const rig = await start(having('old', 'new'));
  expect(await rig.event('credential.switched')).toMatchObject({
    account: 'a',
    to: 'next_password',
    hint: expect.stringContaining('(/etc/relayd/relay.yaml, line 42)'),
  });
  expect(upstream.messages).toEqual([]);
  expect(upstream.sessions.total).toBe(1);
  await Promise.all([rig.submit(), rig.submit()]);
  await upstream.taken(2);
  expect(uses(rig)).toEqual([
    { slot: 'password', inUse: false, refused: false },
    { slot: 'next_password', inUse: true, refused: false },
  ]);
  expect(rig.all('account.held')).toEqual([]);
});

test('one that is refused concerns nobody; it is tried again', async () => {
  const rig = await start(having('old', 'new'));
  expect(await rig.event('credential.refused')).toMatchObject({ slot: 'next_password' });
  await rig.submit();
  await upstream.taken(1);
  expect(rig.all('account.held')).toEqual([]);
  expect(rig.all('credential.switched')).toEqual([]);
  upstream.setPassword('bob', 'new');
  // What waits for its time is tried at once when an operator says that it was mended.
  await rig.delivery.resumeAccount('a');
  await rig.event('credential.switched');
});

test('a password that works no more gives way to the other; mail does not notice', async () => {
  const rig = await start(having('old', 'new'));
  await rig.event('credential.refused');
  await rig.delivery.resumeAccount('a');
  await rig.until(() => rig.all('credential.refused').length === 2, 'a second refusal');
  upstream.setPassword('bob', 'new');
  await rig.delivery.resumeAccount('a');
  await rig.event('credential.switched');
  upstream.setPassword('bob', 'old');
  const id = await rig.submit();
  await upstream.taken(1);
  expect(await rig.event('credential.fell-back')).toMatchObject({
    account: 'a',
    to: 'password',
    detail: expect.stringContaining('535'),
  });
  await rig.until(() => rig.all('message.completed').length === 1, 'completed');
  expect(rig.all('account.held')).toEqual([]);
  const delivered = rig.all('recipient.settled').find(({ outcome }) => outcome === 'delivered');
  expect(delivered).toMatchObject({ id, attempts: 1 });
});

test('a next password that was refused once takes over as soon as the one in use is refused', async () => {
  const rig = await start(having('old', 'new'));
  await rig.event('credential.refused');
  upstream.setPassword('bob', 'new');
  await rig.submit();
  await rig.event('credential.switched');
  await upstream.taken(1);
  await rig.until(() => rig.delivery.states().get('a')?.is === 'open', 'the account to be open');
});

test('only when both are refused the account is held, until one of them works', async () => {
  upstream.setPassword('bob', 'third');
  const rig = await start(having('old', 'new'));
  await rig.event('credential.refused');
  await rig.submit();
  expect(await rig.event('account.held')).toMatchObject({ reason: 'credentials' });
  expect(rig.all('credential.fell-back')).toEqual([]);
  upstream.setPassword('bob', 'new');
  await rig.delivery.resumeAccount('a');
  await upstream.taken(1);
  expect(uses(rig)[1]).toMatchObject({ inUse: true });
});

test('a held account opens when the next password given to it works', async () => {
  upstream.setPassword('bob', 'new');
  const rig = await start(having('old', null));
  await rig.submit();
  await rig.event('account.held');
  rig.settings = makeSettings([having('old', 'new')]);
  await rig.delivery.reload(rig.settings);
  await upstream.taken(1);
  expect(rig.all('account.resumed')).toHaveLength(1);
});

test('a restart goes on with the one that was accepted, without another try', async () => {
  upstream.setPassword('bob', 'new');
  const store = openMemoryStore(Date.now);
  const first = await start(having('old', 'new'), store);
  await first.event('credential.switched');
  await first.delivery.drain(0);
  const second = await start(having('old', 'new'), store);
  expect(upstream.sessions.total).toBe(1);
  expect(uses(second)[1]).toMatchObject({ inUse: true });
  expect(second.delivery.credentials('a')[1]?.lastAcceptedAtMs).not.toBe(null);
  expect(second.all('credential.switched')).toEqual([]);
});

test('moving it to password keeps its connections and its age', async () => {
  upstream.setPassword('bob', 'new');
  const limits = { ...having('old', 'new').limits, messagesPerConnection: 100 };
  const rig = await start(having('old', 'new', { limits }));
  await rig.event('credential.switched');
  await rig.submit();
  await rig.event('message.completed');
  const [, before] = rig.delivery.credentials('a');
  const logins = upstream.sessions.total;
  rig.settings = makeSettings([having('new', null, { limits })]);
  await rig.delivery.reload(rig.settings);
  await rig.submit();
  await upstream.taken(2);
  expect(upstream.sessions.total).toBe(logins);
  expect(rig.delivery.credentials('a')).toMatchObject([
    { slot: 'password', inUse: true, firstSeenAtMs: before?.firstSeenAtMs },
  ]);
});

test('no password stands in what is kept or said', async () => {
  const store = openMemoryStore(Date.now);
  const passwords = { password: new Secret('secret-old'), credentialVersion: 'v1' };
  const next = { password: new Secret('secret-new'), credentialVersion: 'v2' };
  const rig = await start({ ...having('old', null), ...passwords, next }, store);
  await rig.event('credential.refused');
  await rig.delivery.drain(0);
  const kept = JSON.stringify([...(await store.credentials())]);
  expect(kept).toContain('v2');
  expect(kept + JSON.stringify(rig.events)).not.toContain('secret-');
});
