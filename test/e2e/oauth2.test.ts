import { expect, onTestFinished, test } from 'vitest';
import { startTokenServer } from '../support/token-server.ts';
import { accountAt, app, daemon, submit, upstream } from './scene.ts';

test('mail leaves with an access token, and a withdrawn consent holds the account until it is mended', async () => {
  const tokens = await startTokenServer();
  onTestFinished(() => tokens.close());
  const username = 'user@relay.test';
  const server = await upstream({ accounts: { [username]: 'token-1' }, mechanisms: ['XOAUTH2'] });
  const oauth2 = {
    token_url: tokens.url,
    client_id: 'relay',
    client_secret: 'client-secret',
    refresh_token: { env: 'REFRESH_TOKEN' },
  };
  const login = {
    auth: 'xoauth2',
    username,
    oauth2,
    identities: ['*'],
    limits: { messages_per_connection: 1 },
  };
  const relay = await daemon({
    config: {
      clients: { app },
      accounts: { main: await accountAt(server, null, login) },
      routes: [{ sender: '*', accounts: ['main'] }],
    },
    environment: { REFRESH_TOKEN: 'refresh-token' },
  });
  const [port = 0] = relay.ports;
  await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  const [message] = await server.taken(1);
  expect(message).toMatchObject({ authenticatedAs: username, tls: 'TLSv1.3' });

  // The upstream takes another token from now on, and the endpoint gives none.
  server.setPassword(username, 'token-2');
  tokens.answer = () => ({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Token has been revoked.' },
  });
  const probe = await relay.relayctl('account', 'test', 'main');
  expect(probe.code).not.toBe(0);
  expect(probe.stdout).toContain('invalid_grant: Token has been revoked.');

  await submit(port, { from: 'a@relay.test', to: 'c@dest.test', text: 'x' });
  const held = await relay.event('account.held');
  expect(held).toMatchObject({ account: 'main', reason: 'credentials' });
  expect(String(held.detail)).toContain('invalid_grant: Token has been revoked.');

  tokens.answer = () => ({ body: { access_token: 'token-2', expires_in: 3600 } });
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await server.taken(2);
  expect(relay.events.filter(({ outcome }) => outcome === 'bounced')).toEqual([]);
  const said = JSON.stringify(relay.events) + relay.stderr() + probe.stdout;
  expect(said).not.toMatch(/token-[12]|refresh-token|client-secret/);
  expect((await relay.kill('SIGTERM')).code).toBe(0);
});
