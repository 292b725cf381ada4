import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { chooseLogin } from '../../../src/delivery/credentials.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let upstream: Upstream | null = null;
let rig: Rig | null = null;

afterEach(async () => {
  await rig?.delivery.drain(0);
  await upstream?.close();
  [upstream, rig] = [null, null];
});

const verified = { encrypted: true, verified: true, loopback: false };
const account = makeAccount('a', 587, { username: 'bob', host: 'smtp.example.net' });

test('over verified TLS the strongest common choice is PLAIN, then LOGIN, then CRAM-MD5', () => {
  const offer = (...offered: string[]) => chooseLogin(account, offered, verified);
  expect(offer('LOGIN', 'PLAIN')).toMatchObject({ is: 'password', mechanism: 'PLAIN' });
  expect(offer('CRAM-MD5', 'LOGIN')).toMatchObject({ mechanism: 'LOGIN' });
  expect(offer('CRAM-MD5')).toMatchObject({ mechanism: 'CRAM-MD5' });
});

test('what `auth` names is used, or nothing', () => {
  const login = { ...account, auth: 'login' } as const;
  expect(chooseLogin(login, ['PLAIN', 'LOGIN'], verified)).toMatchObject({ mechanism: 'LOGIN' });
  const refused = chooseLogin(login, ['PLAIN'], verified);
  expect(refused).toMatchObject({ is: 'refused' });
  expect(JSON.stringify(refused)).not.toContain('password of bob');
});

test('without a password, or with auth: none, nobody logs in', () => {
  expect(chooseLogin(makeAccount('a', 25), ['PLAIN'], verified)).toEqual({ is: 'none' });
  expect(chooseLogin({ ...account, auth: 'none' }, ['PLAIN'], verified)).toEqual({ is: 'none' });
});

test('a password never goes over a way that is not encrypted and verified, but on this machine', () => {
  for (const encrypted of [true, false]) {
    const way = { encrypted, verified: false, loopback: false };
    expect(chooseLogin(account, ['PLAIN'], way)).toMatchObject({ is: 'refused' });
    expect(chooseLogin(account, ['PLAIN'], { ...way, loopback: true })).toMatchObject({
      is: 'password',
    });
  }
  const clear = { encrypted: false, verified: false, loopback: true };
  expect(chooseLogin(account, ['PLAIN', 'CRAM-MD5'], clear)).toMatchObject({
    mechanism: 'CRAM-MD5',
  });
});

test('535: nothing bounces, the account is held with one event, and everything goes after resume', async () => {
  const accounts = { bob: 'the right one' };
  upstream = await startUpstream({ tls: 'none', accounts });
  const wrong = makeAccount('a', upstream.port, { username: 'bob', password: new Secret('wrong') });
  rig = makeRig(makeSettings([wrong]));
  await rig.delivery.resume();
  const ids = await Promise.all(Array.from({ length: 20 }, () => rig?.submit()));
  await rig.event('account.held');
  for (let count = 0; count < 5; count++) await rig.submit();
  await rig.until(
    async () => (await rig?.store.counts())?.every(({ state }) => state === 'waiting') ?? false,
    'all back',
  );
  expect(rig.all('account.held')).toMatchObject([{ account: 'a', reason: 'credentials' }]);
  expect(rig.all('recipient.settled').filter(({ outcome }) => outcome !== 'deferred')).toEqual([]);
  expect(await rig.store.counts()).toMatchObject([{ lane: 'a', state: 'waiting', recipients: 25 }]);
  const row = (await rig.store.show(ids[0] as never)).queued?.recipients[0];
  expect(row).toMatchObject({ attempts: 0 });
  expect((await rig.store.accountStates()).get('a')).toMatchObject({ is: 'held' });
  expect(JSON.stringify(rig.events)).not.toContain('wrong');

  rig.settings = makeSettings([
    makeAccount('a', upstream.port, { username: 'bob', password: new Secret('the right one') }),
  ]);
  await rig.delivery.resumeAccount('a');
  await upstream.taken(25);
  await rig.until(() => rig?.all('message.completed').length === 25, 'all completed');
  expect(rig.all('account.resumed')).toEqual([
    { is: 'account.resumed', account: 'a', by: 'operator' },
  ]);
  expect((await rig.store.accountStates()).has('a')).toBe(false);
});

test('a reload with other credentials opens the account too', async () => {
  upstream = await startUpstream({ tls: 'none', accounts: { bob: 'the right one' } });
  const bob = { username: 'bob', password: new Secret('wrong') };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, bob)]));
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('account.held');
  const mended = { username: 'bob', password: new Secret('the right one'), credentialVersion: '2' };
  rig.settings = makeSettings([makeAccount('a', upstream.port, mended)]);
  await rig.delivery.reload(rig.settings);
  await upstream.taken(1);
  expect(rig.all('account.resumed')).toMatchObject([{ by: 'reload' }]);
});

test('AUTH that is not offered holds the account; mail does not go without', async () => {
  upstream = await startUpstream({ tls: 'none' });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { username: 'bob' })]));
  await rig.delivery.resume();
  await rig.submit();
  const held = await rig.event('account.held');
  expect(held).toMatchObject({ reason: 'credentials' });
  expect(held.detail).toContain('does not offer AUTH');
  expect(upstream.messages).toEqual([]);
});

for (const mechanism of ['PLAIN', 'LOGIN'] as const) {
  test(`logs in with ${mechanism}`, async () => {
    const accounts = { 'bob@example.org': 'password of bob@example.org' };
    upstream = await startUpstream({ tls: 'none', accounts, mechanisms: [mechanism] });
    rig = makeRig(makeSettings([makeAccount('a', upstream.port, { username: 'bob@example.org' })]));
    await rig.delivery.resume();
    await rig.submit();
    const [message] = await upstream.taken(1);
    expect(message?.authenticatedAs).toBe('bob@example.org');
    const settled = await rig.event('recipient.settled');
    expect(settled.authenticatedAs).toBe('bob@example.org');
  });
}

test('454 at AUTH pauses, 421 too: a busy server is no wrong password', async () => {
  const rules = [
    { at: 'auth', do: { reply: '454 4.7.0 Temporary authentication failure' } },
  ] as const;
  upstream = await startUpstream({ tls: 'none', accounts: { bob: 'password of bob' }, rules });
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, { username: 'bob' })]));
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('account.paused');
  expect(rig.all('account.held')).toEqual([]);
});

test('account test shows each step and sends nothing', async () => {
  upstream = await startUpstream({ tls: 'starttls', accounts: { bob: 'password of bob' } });
  const tls = { mode: 'starttls', ca: upstream.ca } as const;
  const options = { username: 'bob', host: 'localhost', tls };
  rig = makeRig(makeSettings([makeAccount('a', upstream.port, options)]));
  await rig.delivery.resume();
  const report = await rig.delivery.testAccount('a');
  expect(report).toMatchObject({ ok: true, authenticatedAs: 'bob', hint: null });
  expect(report.steps.map(({ phase, ok }) => [phase, ok])).toEqual([
    ['connect', true],
    ['greeting', true],
    ['ehlo', true],
    ['starttls', true],
    ['tls', true],
    ['ehlo', true],
    ['auth', true],
  ]);
  expect(report.tls?.names).toContain('localhost');
  expect(report.extensions).toContain('PIPELINING');
  expect(upstream.messages).toEqual([]);

  rig.settings = makeSettings([
    makeAccount('a', upstream.port, { ...options, password: new Secret('wrong') }),
  ]);
  const failed = await rig.delivery.testAccount('a');
  expect(failed.ok).toBe(false);
  expect(failed.steps.at(-1)).toMatchObject({ phase: 'auth', ok: false });
  expect(failed.hint).not.toBeNull();
  expect(rig.delivery.states().get('a')).toEqual({ is: 'open' });
});

test('logs in with CRAM-MD5 where that is all there is', async () => {
  const { SMTPServer } = await import('smtp-server');
  const server = new SMTPServer({
    authMethods: ['CRAM-MD5'],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (auth, _session, done) => {
      const right = auth.username === 'bob' && auth.validatePassword('password of bob');
      done(right ? null : new Error('wrong'), { user: auth.username });
    },
    onData: (stream, _session, done) => void stream.resume().once('end', () => done()),
  });
  const port = await new Promise<number>((resolve) => {
    const { server: listening } = server;
    server.listen(0, '127.0.0.1', () => resolve((listening.address() as AddressInfo).port));
  });
  rig = makeRig(makeSettings([makeAccount('a', port, { username: 'bob' })]));
  await rig.delivery.resume();
  await rig.submit();
  await rig.event('message.completed');
  expect(rig.all('recipient.settled')).toMatchObject([
    { outcome: 'delivered', authenticatedAs: 'bob' },
  ]);
  await rig.delivery.drain(0);
  await new Promise((resolve) => server.close(() => resolve(null)));
});
