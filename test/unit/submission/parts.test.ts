import { createHook } from 'node:async_hooks';
import { expect, test } from 'vitest';
import { hashPassword, parsePasswordHash, verifyPassword } from '../../../src/lib/password-hash.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Account } from '../../../src/relay/account.ts';
import type { Client } from '../../../src/relay/client.ts';
import type { Settings } from '../../../src/relay/settings.ts';
import { authenticator } from '../../../src/submission/authenticator.ts';
import { clientRates } from '../../../src/submission/client-rates.ts';
import { loginLimit } from '../../../src/submission/login-limit.ts';
import { inNetworks } from '../../../src/submission/network-client.ts';
import { REPLIES } from '../../../src/submission/replies.ts';
import { isBadCommand, wireLine } from '../../../src/submission/wire-line.ts';

/** Cheap enough for tests. */
const cost = { n: 16, r: 1, p: 1 };

test('a password hash is read back and verifies its password only', async () => {
  const text = await hashPassword('open sesame', cost);
  expect(text).toMatch(/^scrypt\$16\$1\$1\$[\w-]+\$[\w-]+$/);
  const hash = parsePasswordHash(text);
  if (hash === null) throw new Error('not read back');
  expect(await verifyPassword('open sesame', hash)).toBe(true);
  expect(await verifyPassword('open sesam', hash)).toBe(false);
  expect(await hashPassword('open sesame', cost)).not.toBe(text);
});

test.each([
  '',
  'plain',
  'scrypt$15$1$1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA',
  'scrypt$1048576$64$9$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA',
])('%j is no usable hash', (text) => {
  expect(parsePasswordHash(text)).toBeNull();
});

function client(name: string, password: Client['password']): Client {
  return { name, password, networks: [], senders: ['*'], rate: null, messageBytesMax: null };
}

function settingsWith(...clients: readonly Client[]): Settings {
  const named = new Map(clients.map((one) => [one.name, one]));
  return { clients: named, accounts: new Map() } as unknown as Settings;
}

test('a pair that was right is right again at once, until the configured secret changes', async () => {
  const scrypt = async (text: string): Promise<Client> =>
    client('app', { is: 'scrypt', hash: await hashPassword(text, cost) });
  let settings = settingsWith(await scrypt('one'));
  const checker = authenticator(() => settings);
  const ask = (password: string): ReturnType<typeof checker.check> =>
    checker.check({ name: 'app', password, accountLogin: false, suspicious: false });
  const identity = { is: 'client', name: 'app', authenticated: true };
  const first = ask('one');
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toEqual(identity);
  expect(ask('one')).toEqual(identity);
  expect(await ask('two')).toBeNull();
  settings = settingsWith(await scrypt('two'));
  expect(await ask('one')).toBeNull();
  expect(await ask('two')).toEqual(identity);
});

test('while the password of an account is being replaced, an app may log in with either', async () => {
  const next = { password: new Secret('new'), credentialVersion: '2' };
  const account = { name: 'a', username: 'bob', password: new Secret('old'), next } as Account;
  const settings = { ...settingsWith(), accounts: new Map([['a', account]]) };
  const checker = authenticator(() => settings);
  const ask = (password: string) =>
    checker.check({ name: 'bob', password, accountLogin: true, suspicious: false });
  expect(await ask('old')).toMatchObject({ is: 'account', name: 'a' });
  expect(await ask('new')).toMatchObject({ is: 'account', name: 'a' });
  expect(await ask('other')).toBeNull();
});

test('accounts that share a username are remembered side by side', async () => {
  const accounts = ['eu', 'us'].map((name) => {
    const password = new Secret(`key of ${name}`);
    return [name, { name, username: 'apikey', password }] as const;
  });
  const settings = { ...settingsWith(), accounts: new Map(accounts) } as unknown as Settings;
  const checker = authenticator(() => settings);
  const ask = (password: string): ReturnType<typeof checker.check> =>
    checker.check({ name: 'apikey', password, accountLogin: true, suspicious: false });
  for (const name of ['eu', 'us']) expect(await ask(`key of ${name}`)).toMatchObject({ name });
  // At once: nothing is derived again.
  for (const name of ['eu', 'us', 'eu']) expect(ask(`key of ${name}`)).toMatchObject({ name });
});

test('sessions that begin at once with one password cost as many derivations as run at once', async () => {
  const hash = await hashPassword('p', cost);
  const checker = authenticator(() => settingsWith(client('app', { is: 'scrypt', hash })));
  const ask = (password: string) =>
    checker.check({ name: 'app', password, accountLogin: false, suspicious: false });
  let derivations = 0;
  const init = (_: number, type: string): void => {
    if (type === 'SCRYPTREQUEST') derivations += 1;
  };
  const hook = createHook({ init }).enable();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask('p')));
  expect(answers).toEqual(Array(50).fill({ is: 'client', name: 'app', authenticated: true }));
  expect(derivations).toBe(2);
  expect(await Promise.all([ask('q'), ask('q'), ask('q')])).toEqual([null, null, null]);
  expect(derivations).toBe(5);
  hook.disable();
});

test('names that do not exist cost a derivation like those that do', async () => {
  const settings = settingsWith(client('plain', { is: 'plain', value: new Secret('p') }));
  const checker = authenticator(() => settings);
  for (const name of ['plain', 'nobody']) {
    const answer = checker.check({ name, password: 'x', accountLogin: false, suspicious: false });
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBeNull();
  }
});

test('too many logins at once are told to come again', async () => {
  const hash = await hashPassword('p', cost);
  const settings = settingsWith(client('app', { is: 'scrypt', hash }));
  const checker = authenticator(() => settings);
  const answers = Array.from({ length: 300 }, (_, index) =>
    checker.check({ name: 'app', password: `${index}`, accountLogin: false, suspicious: false }),
  );
  const results = await Promise.all(answers);
  expect(results.filter((result) => result === 'busy')).toHaveLength(300 - 256 - 2);
});

test('CRAM-MD5 checks the example of RFC 2195, and nobody without a plain password', () => {
  const tim = client('tim', { is: 'plain', value: new Secret('tanstaaftanstaaf') });
  const checker = authenticator(() => settingsWith(tim));
  const challenge = '<1896.697170952@postoffice.reston.mci.net>';
  const digest = 'b913a602c7eda7a495b4e6e7334d3890';
  expect(checker.checkCram({ name: 'tim', challenge, digest })).toMatchObject({ name: 'tim' });
  expect(checker.checkCram({ name: 'tom', challenge, digest })).toBeNull();
});

test('CRAM-MD5 is offered only where it works for everybody: clients try it first', () => {
  const plain = client('plain', { is: 'plain', value: new Secret('p') });
  const hashed = client('hashed', { is: 'scrypt', hash: 'scrypt$...' });
  const offered = (accountLogin: boolean, ...clients: readonly Client[]): boolean =>
    authenticator(() => settingsWith(...clients)).cramPossible(accountLogin);
  expect(offered(false, plain, client('by network', null))).toBe(true);
  expect(offered(true, plain)).toBe(false);
  expect(offered(false, plain, hashed)).toBe(false);
  expect(offered(false)).toBe(false);
});

test('a rate holds over any window, and comes back as the window passes', () => {
  let nowMs = 1_000_000;
  const rates = clientRates(() => nowMs);
  const rate = { count: 3, windowMs: 60_000 };
  const take = (): boolean => rates.take('app', rate);
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
  nowMs += 59_000;
  expect(take()).toBe(false);
  nowMs += 2_001;
  expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
  nowMs -= 3_600_000;
  expect(take()).toBe(true);
});

test('failed logins are counted per name and address, and forgotten', () => {
  let nowMs = 0;
  const logins = loginLimit(
    () => ({ count: 2, windowMs: 60_000 }),
    () => nowMs,
  );
  logins.failed('app', '192.0.2.1');
  logins.failed('app', '192.0.2.1');
  expect(logins.reached('app', '192.0.2.1')).toBe(true);
  expect(logins.reached('app', '192.0.2.2')).toBe(false);
  expect(logins.reached('other', '192.0.2.1')).toBe(false);
  nowMs = 60_000;
  expect(logins.reached('app', '192.0.2.1')).toBe(false);
});

test('every fixed reply has a status of its own class, but where RFC 2034 has none', () => {
  for (const reply of Object.values(REPLIES)) {
    const line = wireLine(reply);
    const bare = reply.code === 354 || reply === REPLIES.heloSyntax;
    expect(line).toMatch(bare ? /^\d{3} [A-Z]/ : /^([245])\d\d \1\.\d\.\d{1,2} [A-Za-z]/);
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(512);
    expect(line).toMatch(/^[ -~]+\r\n$/);
  }
});

test('a reply is one line, whatever its text', () => {
  const text = `a\r\n250 ok\u0085ü${'x'.repeat(1000)}`;
  const line = wireLine({ code: 550, detail: '7.1', text });
  expect(line).toMatch(/^550 5\.7\.1 a\?\?250 ok\?\?x+\r\n$/);
  expect(line).toHaveLength(512);
  expect(isBadCommand({ code: 550, detail: '7.1', text })).toBe(false);
});

test('networks hold addresses of either family', () => {
  const networks = ['192.0.2.0/24', '2001:db8::/32', '203.0.113.7'];
  const inside = ['192.0.2.255', '2001:db8::1', '203.0.113.7'];
  const outside = ['192.0.3.0', '2001:db9::1', '203.0.113.8', '', 'local'];
  expect(inside.map((address) => inNetworks(networks, address))).toEqual([true, true, true]);
  expect(outside.some((address) => inNetworks(networks, address))).toBe(false);
});
