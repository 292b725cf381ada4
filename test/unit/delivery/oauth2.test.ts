import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseLogin } from '../../../src/delivery/credentials.ts';
import { xoauth2 } from '../../../src/delivery/token-login.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { Account, OAuth2 } from '../../../src/relay/account.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from './harness.ts';

let tokens: TokenServer;
let upstream: Upstream;
let rig: Rig | null = null;

beforeEach(async () => {
  tokens = await startTokenServer();
  upstream = await startUpstream({
    tls: 'none',
    accounts: { bob: 'token-1' },
    mechanisms: ['PLAIN', 'XOAUTH2'],
  });
});

afterEach(async () => {
  await rig?.delivery.drain(0);
  await upstream.close();
  await tokens.close();
  rig = null;
});

function tokenAccount(overrides: Partial<Account> = {}): Account {
  const grant = {
    is: 'refresh-token',
    clientId: 'relay',
    clientSecret: new Secret('client-secret'),
    refreshToken: new Secret('refresh-1'),
  } as const;
  const oauth2: OAuth2 = { tokenUrl: tokens.url, scope: 'mail', grant, device: null };
  const login = { username: 'bob', password: null, auth: 'xoauth2', oauth2 } as const;
  return { ...makeAccount('a', upstream.port, login), ...overrides };
}

async function start(account: Account = tokenAccount()): Promise<Rig> {
  rig = makeRig(makeSettings([account]));
  await rig.delivery.resume();
  return rig;
}

test('the string is the one Google and Microsoft document', () => {
  expect(xoauth2('test@contoso.onmicrosoft.com', 'EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA')).toBe(
    'dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==',
  );
});

test('a token never goes over a way that is not encrypted and verified', () => {
  const account = tokenAccount();
  const wire = { encrypted: true, verified: true, loopback: false };
  expect(chooseLogin(account, ['XOAUTH2'], wire)).toEqual({ is: 'token', username: 'bob' });
  expect(chooseLogin(account, ['XOAUTH2'], { ...wire, verified: false })).toMatchObject({
    is: 'refused',
    detail: expect.stringContaining('the access token was not sent'),
  });
  expect(chooseLogin(account, ['PLAIN'], wire)).toMatchObject({
    detail: expect.stringContaining('does not offer AUTH XOAUTH2'),
  });
});

test('mail goes out with the token that the refresh token brought; all connections share it', async () => {
  const { event, submit } = await start();
  await Promise.all([submit(), submit(), submit()]);
  const messages = await upstream.taken(3);
  expect(messages.map(({ authenticatedAs }) => authenticatedAs)).toEqual(['bob', 'bob', 'bob']);
  expect(tokens.requests).toEqual([
    {
      grant_type: 'refresh_token',
      client_id: 'relay',
      client_secret: 'client-secret',
      refresh_token: 'refresh-1',
      scope: 'mail',
    },
  ]);
  expect((await event('recipient.settled')).authenticatedAs).toBe('bob');
});

test('a token is had at start, before there is mail', async () => {
  const { until } = await start();
  await until(() => tokens.requests.length === 1, 'a token');
});

test('a token that the upstream refuses is replaced once, with the refresh token that came with it', async () => {
  upstream.setPassword('bob', 'token-2');
  tokens.answer = (_form, count) => ({
    body: { access_token: `token-${count}`, refresh_token: `refresh-${count + 1}` },
  });
  const { all, submit } = await start();
  await submit();
  await upstream.taken(1);
  expect(tokens.requests.map((form) => form.refresh_token)).toEqual(['refresh-1', 'refresh-2']);
  expect(all('account.held')).toEqual([]);
  expect(upstream.sessions.total).toBe(1);
});

test('a second refusal holds the account and says what the upstream said, its status too', async () => {
  upstream.setPassword('bob', 'another token');
  const { event, submit, delivery, all } = await start();
  await submit();
  const held = await event('account.held');
  expect(held).toMatchObject({ reason: 'credentials' });
  expect(held.detail).toBe('535 5.7.8 username or password not accepted (token: status 401)');
  expect(held.hint).toContain('that SMTP AUTH is on for the mailbox');
  expect(tokens.requests).toHaveLength(2);

  // Mended at the provider: the operator resumes, and the next token is another one.
  upstream.setPassword('bob', 'token-3');
  await delivery.resumeAccount('a');
  await upstream.taken(1);
  expect(JSON.stringify(all('account.held'))).not.toContain('token-');
});

test('a server that closes after its refusal is not asked for ever', async () => {
  upstream.script([
    { at: 'auth', do: { reply: '535 5.7.3 Authentication unsuccessful', drop: true } },
  ]);
  const { event, delivery, submit } = await start();
  await submit();
  await event('account.paused');
  await delivery.resumeAccount('a');
  expect((await event('account.held')).detail).toContain('535 5.7.3');
});

test('invalid_grant holds the account with the words of the provider, mail or not', async () => {
  tokens.answer = () => ({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Token has been expired\r\nor revoked.' },
  });
  const { event, delivery, submit, all } = await start();
  const held = await event('account.held');
  expect(held.detail).toMatch(
    /gives no token: invalid_grant: Token has been expired or revoked\.$/,
  );
  expect(held.hint).toContain('relay.yaml');
  expect(upstream.sessions.total).toBe(0);
  expect(JSON.stringify(all('account.held'))).not.toMatch(/refresh-1|client-secret/);

  const id = await submit();
  expect((await rig?.store.show(id))?.queued?.recipients[0]?.attempts).toBe(0);
  tokens.answer = () => ({ body: { access_token: 'token-1' } });
  await delivery.resumeAccount('a');
  await upstream.taken(1);
});

test('a reload with another refresh token opens the account', async () => {
  tokens.answer = ({ refresh_token }) =>
    refresh_token === 'refresh-9'
      ? { body: { access_token: 'token-1', expires_in: '3599' } }
      : { status: 400, body: { error: 'invalid_grant' } };
  const opened = await start();
  await opened.event('account.held');
  await opened.submit();
  const account = tokenAccount();
  const { grant } = account.oauth2 ?? {};
  if (grant?.is !== 'refresh-token' || account.oauth2 === null) throw new Error('no grant');
  const refreshToken = new Secret('refresh-9');
  const oauth2 = { ...account.oauth2, grant: { ...grant, refreshToken } };
  opened.settings = makeSettings([{ ...account, oauth2, credentialVersion: '2' }]);
  await opened.delivery.reload(opened.settings);
  await upstream.taken(1);
});

test.each([
  ['trouble of its own', { status: 503, body: '<html>' }, /answered 503 without a token/],
  ['a busy endpoint', { status: 429, body: { error: 'slow_down' } }, /no token now: slow_down/],
  ['a redirect', { status: 307, headers: { location: '/x' }, body: '' }, /answered 307/],
  ['an endless answer', { body: ' '.repeat(70_000) }, /answered 200 without a token/],
  ['a token that would break the line', { body: { access_token: 'a\x01b' } }, /without a token/],
])('%s pauses the account', async (_what, reply, detail) => {
  tokens.answer = () => reply;
  const { event, submit, all } = await start();
  await submit();
  const paused = await event('account.paused');
  expect(paused).toMatchObject({ reason: 'network', detail: expect.stringMatching(detail) });
  expect(all('account.held')).toEqual([]);
});

test('an endpoint that is not there pauses the account', async () => {
  const oauth2 = { ...tokenAccount().oauth2, tokenUrl: 'http://127.0.0.1:1/' } as OAuth2;
  const { event, submit } = await start(tokenAccount({ oauth2 }));
  await submit();
  expect((await event('account.paused')).detail).toContain('no token from 127.0.0.1:1');
});

test('stopping does not wait for an endpoint that does not answer', async () => {
  tokens.answer = () => null;
  const { submit, delivery, all, until } = await start();
  await submit();
  await until(() => upstream.sessions.open === 1, 'a session');
  await delivery.drain(0);
  expect(all('account.paused')).toEqual([]);
});

test('account test says what the token endpoint said, and changes nothing', async () => {
  const { delivery, until } = await start();
  await until(() => tokens.requests.length === 1, 'a token');
  expect(await delivery.testAccount('a')).toMatchObject({ ok: true, authenticatedAs: 'bob' });

  upstream.setPassword('bob', 'x');
  tokens.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
  const report = await delivery.testAccount('a');
  expect(report.ok).toBe(false);
  expect(report.steps.at(-1)).toMatchObject({
    phase: 'auth',
    ok: false,
    detail: expect.stringContaining('gives no token: invalid_client'),
  });
  expect(delivery.states().get('a')).toEqual({ is: 'open' });
});
