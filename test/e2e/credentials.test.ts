import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTokenServer } from '../support/token-server.ts';
import {
  accountAt,
  app,
  ask,
  daemon,
  mainLogin,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

const username = 'user@relay.test';
const mail = { from: 'a@relay.test', to: 'b@dest.test', text: 'x' };

test('a password is rotated without an outage, a hold or a second login storm', async () => {
  const server = await upstream({ accounts: mainLogin });
  const login = { username, password: 'upstream-password' };
  const config = async (passwords: Readonly<Record<string, string>>) => ({
    clients: { app },
    accounts: { main: await accountAt(server, login, { identities: ['*'], ...passwords }) },
    routes: [{ sender: '*', accounts: ['main'] }],
  });
  const relay = await daemon({ config: await config({ next_password: 'next-password' }) });
  const [port = 0] = relay.ports;
  await relay.event('credential.refused');
  await submit(port, mail);
  await server.taken(1);

  server.setPassword(username, 'next-password');
  expect((await relay.relayctl('account', 'resume', 'main')).code).toBe(0);
  await relay.event('credential.switched');
  await submit(port, mail);
  await server.taken(2);
  const shown = await relay.relayctl('account', 'show', 'main');
  expect(shown.stdout).toMatch(/^Next password: +in use, known for \S+, accepted \S+ ago$/m);
  const metrics = await (await fetch(`http://127.0.0.1:${relay.observePort}/metrics`)).text();
  expect(metrics).toMatch(/^relayd_credential_age_seconds\{account="main"\} \d/m);
  expect(metrics).toMatch(/^relayd_credential_last_success_timestamp_seconds\{.*\} \d/m);

  // The operator moves it at leisure: nobody logs in anew for that.
  const text = JSON.parse(readFileSync(relay.configFile, 'utf8'));
  const { next_password: password, ...account } = text.accounts.main;
  writeFileSync(
    relay.configFile,
    JSON.stringify({ ...text, accounts: { main: { ...account, password } } }),
  );
  const logins = server.sessions.total;
  process.kill(relay.pid, 'SIGHUP');
  await relay.event('config.reloaded');
  await submit(port, mail);
  await server.taken(3);
  expect(server.sessions.total).toBe(logins);
  expect(relay.events.filter(({ event }) => event === 'account.held')).toEqual([]);
  expect(JSON.stringify(relay.events) + relay.stderr() + shown.stdout).not.toMatch(/-password"/);
});

test('relayctl account login: a code, a consent, and mail flows, also after a restart', async () => {
  const tokens = await startTokenServer();
  onTestFinished(() => tokens.close());
  const server = await upstream({ accounts: { [username]: 'access' }, mechanisms: ['XOAUTH2'] });
  let polls = 0;
  tokens.answer = ({ grant_type: grant, refresh_token: token }) => {
    if (grant === undefined) {
      const code = { device_code: 'device-secret', user_code: 'WDJB-MJHT', interval: 0.01 };
      return {
        body: { ...code, verification_uri: 'https://login.example/device', expires_in: 60 },
      };
    }
    const pending = grant !== 'refresh_token' && ++polls < 3;
    if (pending) return { status: 400, body: { error: 'authorization_pending' } };
    if (grant === 'refresh_token' && token !== 'refresh-secret') {
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    return { body: { access_token: 'access', refresh_token: 'refresh-secret', expires_in: 3600 } };
  };
  const oauth2 = { token_url: tokens.url, device_url: tokens.deviceUrl, client_id: 'relay' };
  const login = { auth: 'xoauth2', username, oauth2, identities: ['*'] };
  const directory = await temporaryDirectory();
  const config = {
    clients: { app },
    accounts: { main: await accountAt(server, null, login) },
    routes: [{ sender: '*', accounts: ['main'] }],
  };
  const relay = await daemon({ config, directory });
  const held = await relay.event('account.held');
  expect(String(held.hint)).toContain('relayctl account login main');
  await submit(relay.ports[0] ?? 0, mail);

  const ran = await relay.relayctl('account', 'login', 'main');
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('main is logged in') });
  expect(ran.stderr).toContain('https://login.example/device');
  expect(ran.stderr).toContain('WDJB-MJHT');
  await server.taken(1);
  const kept = join(directory, 'queue', 'tokens');
  expect(readdirSync(kept)).toEqual(['main.json']);
  expect(statSync(join(kept, 'main.json')).mode & 0o777).toBe(0o600);
  const detail = await ask<{ credentials: unknown[] }>(relay, 'account', 'show', 'main');
  expect(detail.credentials).toMatchObject([{ slot: 'oauth2', inUse: true }]);
  expect((await relay.kill('SIGTERM')).code).toBe(0);

  const again = await daemon({ config, directory });
  await submit(again.ports[0] ?? 0, mail);
  await server.taken(2);
  const said = JSON.stringify([...relay.events, ...again.events]) + ran.stdout + ran.stderr;
  expect(said).not.toMatch(/device-secret|refresh-secret/);
});
