import { createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requestToken } from '../../../src/delivery/token-request.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { OAuth2Grant } from '../../../src/relay/account.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';

let tokens: TokenServer;
beforeEach(async () => {
  tokens = await startTokenServer();
});
afterEach(() => tokens.close());

const { signal } = new AbortController();
const nowMs = Date.parse('2026-06-01T12:00:00.900Z');

function ask(grant: OAuth2Grant, rotated: Secret | null = null) {
  const oauth2 = {
    tokenUrl: tokens.url,
    scope: 'https://mail.example/.default',
    grant,
    device: null,
  };
  return requestToken({ oauth2, rotated, nowMs, signal });
}

test('client credentials as Microsoft 365 wants them', async () => {
  const clientSecret = new Secret('secret & more');
  const answer = await ask({ is: 'client-credentials', clientId: 'app', clientSecret });
  expect(answer).toEqual({
    is: 'token',
    token: 'token-1',
    lifetimeMs: 3_600_000,
    refreshToken: null,
  });
  expect(tokens.requests).toEqual([
    {
      grant_type: 'client_credentials',
      client_id: 'app',
      client_secret: 'secret & more',
      scope: 'https://mail.example/.default',
    },
  ]);
});

test('a service account signs with its key whom it acts as, for whom and until when', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await ask({
    is: 'service-account',
    issuer: 'relay@project.iam.example',
    subject: 'office@company.example',
    keyId: 'key-1',
    privateKey: new Secret(pem),
  });
  const form = tokens.requests[0];
  expect(form?.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [header = '', claims = '', signature = ''] = form?.assertion?.split('.') ?? [];
  const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(json(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
  expect(json(claims)).toEqual({
    iss: 'relay@project.iam.example',
    sub: 'office@company.example',
    scope: 'https://mail.example/.default',
    aud: tokens.url,
    iat: 1_780_315_200,
    exp: 1_780_318_800,
  });
  const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
  expect(verify.verify(publicKey, signature, 'base64url')).toBe(true);
});

test('a public client has no secret; a rotated refresh token goes before the configured one', async () => {
  const refreshToken = new Secret('first');
  const grant = { is: 'refresh-token', clientId: 'app', clientSecret: null, refreshToken } as const;
  await ask(grant, new Secret('second'));
  expect(tokens.requests[0]).not.toHaveProperty('client_secret');
  expect(tokens.requests[0]?.refresh_token).toBe('second');
});

test('times out of sense are put right', async () => {
  const clientSecret = new Secret('s');
  const grant = { is: 'client-credentials', clientId: 'app', clientSecret } as const;
  for (const [expires_in, lifetimeMs] of [
    [undefined, 3_600_000],
    [1e12, 24 * 3_600_000],
    [-5, 3_600_000],
    ['60', 60_000],
  ]) {
    tokens.answer = () => ({ body: { access_token: 't', expires_in } });
    expect(await ask(grant)).toMatchObject({ is: 'token', lifetimeMs });
  }
});
