import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import type { Account, OAuth2 } from '../../../src/relay/account.ts';
import type { KeptToken } from '../../../src/relay/credential.ts';
import { StoreError, type TokenVault } from '../../../src/relay/ports.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { makeAccount, makeRig, makeSettings, makeVault, type Rig } from './harness.ts';

let tokens: TokenServer;
let upstream: Upstream;
let rigs: Rig[] = [];

beforeEach(async () => {
  tokens = await startTokenServer();
  upstream = await startUpstream({
    tls: 'none',
    accounts: { bob: 'access' },
    mechanisms: ['XOAUTH2'],
  });
});
afterEach(async () => {
  for (const rig of rigs) await rig.delivery.drain(0);
  rigs = [];
  await upstream.close();
  await tokens.close();
});

function deviceAccount(refreshToken: string | null = null): Account {
  const oauth2: OAuth2 = {
    tokenUrl: tokens.url,
    scope: 'send offline',
    device: { url: tokens.deviceUrl, scope: 'send offline' },
    grant: {
      is: 'refresh-token',
      clientId: 'relay',
      clientSecret: null,
      refreshToken: refreshToken === null ? null : new Secret(refreshToken),
    },
  };
  const login = { username: 'bob', password: null, auth: 'xoauth2', oauth2 } as const;
  return makeAccount('a', upstream.port, login);
}

async function start(account = deviceAccount(), vault = makeVault()): Promise<Rig> {
  const rig = makeRig(makeSettings([account]), { vault });
  rigs.push(rig);
  await rig.delivery.resume();
  return rig;
}

type Form = Readonly<Record<string, string>>;
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const code = {
  device_code: 'device-1',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://login.example/device',
  expires_in: 900,
  interval: 5,
};
const granted = { access_token: 'access', refresh_token: 'r-1', expires_in: 3600 };
const error = (name: string) => ({ status: 400, body: { error: name } });

/** The endpoint: codes for whoever asks, then these answers one after the other. */
function answerWith(answers: readonly { status?: number; body: unknown }[]): void {
  const left = [...answers];
  tokens.answer = (form: Form) => {
    if (form.grant_type === undefined) return { body: code };
    if (form.grant_type === DEVICE) return left.shift() ?? error('authorization_pending');
    return form.refresh_token === 'r-1' ? { body: granted } : error('invalid_grant');
  };
}

const asked = () => tokens.requests.filter(({ grant_type }) => grant_type === DEVICE);

test('an account without a refresh token waits for a login, and works after it', async () => {
  answerWith([error('authorization_pending'), { body: granted }]);
  const rig = await start();
  const held = await rig.event('account.held');
  expect(held).toMatchObject({ reason: 'credentials' });
  expect(held.hint).toContain('relayctl account login a');
  await rig.submit();
  expect(await rig.delivery.beginLogin('a')).toMatchObject({
    is: 'begun',
    url: 'https://login.example/device',
    userCode: 'WDJB-MJHT',
    waitMs: 5_000,
  });
  expect(tokens.requests.at(-1)).toEqual({ client_id: 'relay', scope: 'send offline' });
  rig.aheadMs += 5_000;
  expect(await rig.delivery.pollLogin('a')).toEqual({ is: 'pending', waitMs: 5_000 });
  rig.aheadMs += 5_000;
  expect(await rig.delivery.pollLogin('a')).toEqual({ is: 'done' });
  expect(asked().at(-1)).toEqual({
    grant_type: DEVICE,
    device_code: 'device-1',
    client_id: 'relay',
  });
  await upstream.taken(1);
  expect(rig.all('account.logged-in')).toEqual([{ is: 'account.logged-in', account: 'a' }]);
  expect(JSON.stringify(rig.events)).not.toMatch(/r-1|device-1|access"/);
  expect(await rig.delivery.pollLogin('a')).toMatchObject({ is: 'refused' });
});

test('the provider is asked no more often than it wants, whoever asks us', async () => {
  answerWith([error('slow_down'), { status: 503, body: 'busy' }]);
  const rig = await start();
  await rig.delivery.beginLogin('a');
  expect(await rig.delivery.pollLogin('a')).toMatchObject({ is: 'pending' });
  expect(asked()).toHaveLength(0);
  rig.aheadMs += 5_000;
  // RFC 8628 section 3.5: five seconds more.
  expect(await rig.delivery.pollLogin('a')).toEqual({ is: 'pending', waitMs: 10_000 });
  rig.aheadMs += 5_000;
  expect(await rig.delivery.pollLogin('a')).toMatchObject({ is: 'pending' });
  expect(asked()).toHaveLength(1);
  rig.aheadMs += 5_000;
  expect(await rig.delivery.pollLogin('a')).toEqual({ is: 'pending', waitMs: 20_000 });
});

test.each(['access_denied', 'expired_token', 'invalid_client'])(
  '%s ends the login',
  async (name) => {
    answerWith([error(name)]);
    const rig = await start();
    await rig.delivery.beginLogin('a');
    rig.aheadMs += 5_000;
    expect(await rig.delivery.pollLogin('a')).toEqual({
      is: 'refused',
      detail: expect.stringContaining(`says: ${name}`),
    });
    expect(await rig.delivery.pollLogin('a')).toMatchObject({
      detail: expect.stringContaining('no login of a is under way'),
    });
  },
);

test('a code that nobody entered in time is given up without a question', async () => {
  answerWith([]);
  const rig = await start();
  await rig.delivery.beginLogin('a');
  rig.aheadMs += 900_000;
  expect(await rig.delivery.pollLogin('a')).toEqual({
    is: 'refused',
    detail: 'the code has expired: begin anew',
  });
  expect(asked()).toEqual([]);
});

test('a login without a refresh token is no login', async () => {
  answerWith([{ body: { access_token: 'access' } }]);
  const rig = await start();
  await rig.delivery.beginLogin('a');
  rig.aheadMs += 5_000;
  expect(await rig.delivery.pollLogin('a')).toMatchObject({
    is: 'refused',
    detail: expect.stringContaining('no refresh token'),
  });
});

test('a refusal to give a code is passed on', async () => {
  tokens.answer = () => error('invalid_scope');
  const rig = await start();
  expect(await rig.delivery.beginLogin('a')).toMatchObject({
    is: 'refused',
    detail: expect.stringContaining('says: invalid_scope'),
  });
});

test('accounts that nobody can log in say why', async () => {
  const { oauth2, ...rest } = deviceAccount('r-0');
  if (oauth2 === null) throw new Error('no oauth2');
  const begin = async (account: Account) => (await start(account)).delivery.beginLogin('a');
  expect(await begin({ ...rest, oauth2: { ...oauth2, device: null } })).toMatchObject({
    detail: expect.stringContaining('device_url'),
  });
  expect(await begin(makeAccount('a', upstream.port, { username: 'bob' }))).toMatchObject({
    detail: expect.stringContaining('no auth: xoauth2'),
  });
});

test('a restart goes on with the token of the login; another one in relay.yaml ends that', async () => {
  answerWith([{ body: granted }]);
  const vault = makeVault();
  const first = await start(deviceAccount('r-0'), vault);
  await first.event('account.held');
  await first.delivery.beginLogin('a');
  first.aheadMs += 5_000;
  await first.delivery.pollLogin('a');
  await first.delivery.drain(0);

  const refreshes = () =>
    tokens.requests.filter(({ grant_type }) => grant_type === 'refresh_token');
  const second = await start(deviceAccount('r-0'), vault);
  await second.submit();
  await upstream.taken(1);
  expect(refreshes().at(-1)).toMatchObject({ refresh_token: 'r-1' });
  await second.delivery.drain(0);

  const third = await start(deviceAccount('r-2'), vault);
  await third.event('account.held');
  expect(refreshes().at(-1)).toMatchObject({ refresh_token: 'r-2' });
});

test('a rotated token is kept before the access token that came with it is used', async () => {
  const kept: string[] = [];
  const inner = makeVault();
  const vault: TokenVault = {
    ...inner,
    async keep(account: string, token: KeptToken) {
      expect(upstream.messages).toEqual([]);
      kept.push(token.refreshToken.reveal());
      await inner.keep(account, token);
    },
  };
  tokens.answer = (form) => ({
    body: { ...granted, refresh_token: form.refresh_token === 'r-0' ? 'r-1' : 'r-2' },
  });
  const first = await start(deviceAccount('r-0'), vault);
  await first.submit();
  await upstream.taken(1);
  expect(kept).toEqual(['r-1']);
  // It replaced another one: the account and its connections are the same as before.
  const [{ version } = { version: '' }] = first.delivery.credentials('a');
  expect(version).toBe('1');
  await first.delivery.drain(0);
  const second = await start(deviceAccount('r-0'), inner);
  await second.submit();
  await upstream.taken(2);
  expect(tokens.requests.map((form) => form.refresh_token)).toEqual(['r-0', 'r-1']);
});

test('a token that cannot be kept is used all the same, and that is said', async () => {
  tokens.answer = () => ({ body: granted });
  const full = () => Promise.reject(new StoreError('full', 'no space left'));
  const rig = await start(deviceAccount('r-0'), { ...makeVault(), keep: full });
  await rig.submit();
  await upstream.taken(1);
  expect(rig.all('store.failed')).toMatchObject([
    { fault: 'full', detail: expect.stringContaining('refresh token of a') },
  ]);
});
