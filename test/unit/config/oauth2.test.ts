import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { describeSettings } from '../../../src/config/describe.ts';
import { withAccount } from './minimal.ts';
import { loadText, settingsOf } from './temporary-file.ts';

const server = 'host: mail.example, username: up@shop.example, auth: xoauth2';
const client =
  'token_url: "https://login.example/token", client_id: relay, client_secret: c-secret';

async function accountOf(oauth2: string, env: Readonly<Record<string, string>> = {}) {
  const settings = await settingsOf(withAccount(`${server}, oauth2: {${oauth2}}`), { env });
  const account = settings.accounts.get('up');
  if (account === undefined) throw new Error('no account');
  return { account, shown: JSON.stringify(describeSettings(settings)) };
}

test('a refresh token', async () => {
  const { account, shown } = await accountOf(`${client}, refresh_token: r-token, scope: mail`);
  expect(account).toMatchObject({
    auth: 'xoauth2',
    password: null,
    oauth2: {
      tokenUrl: 'https://login.example/token',
      scope: 'mail',
      grant: { is: 'refresh-token', clientId: 'relay' },
    },
  });
  expect(shown).toContain('"refresh_token":"[secret]"');
  expect(shown).not.toMatch(/r-token|c-secret/);
});

test('without one, client credentials', async () => {
  const { account } = await accountOf(client);
  expect(account.oauth2?.grant).toMatchObject({ is: 'client-credentials', clientId: 'relay' });
});

test('a service account acts as the username', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const key = { client_email: 'relay@project.example', private_key_id: 'k1', private_key };
  const oauth2 =
    'token_url: "https://login.example/token", service_account: {env: KEY}, scope: mail';
  const { account, shown } = await accountOf(oauth2, { KEY: JSON.stringify(key) });
  expect(account.oauth2?.grant).toMatchObject({
    is: 'service-account',
    issuer: 'relay@project.example',
    subject: 'up@shop.example',
    keyId: 'k1',
  });
  expect(shown).toContain('"service_account":"[secret]"');
  expect(shown).not.toContain('PRIVATE KEY');
});

test('another secret is another credential version', async () => {
  const version = async (oauth2: string) => (await accountOf(oauth2)).account.credentialVersion;
  const first = await version(`${client}, refresh_token: r-1`);
  expect(await version(`${client}, refresh_token: r-1`)).toBe(first);
  expect(await version(`${client}, refresh_token: r-2`)).not.toBe(first);
});

test('with a device_url in the file the refresh token comes by a login', async () => {
  const device = 'device_url: "https://login.example/device", scope: send';
  const { account, shown } = await accountOf(`${client}, ${device}`);
  expect(account.oauth2).toMatchObject({
    grant: { is: 'refresh-token', clientId: 'relay', refreshToken: null },
    device: { url: 'https://login.example/device', scope: 'send' },
  });
  expect(shown).toContain('"device_url":"https://login.example/device"');
});

test("presets know their provider's endpoints", async () => {
  const login = 'username: up@shop.example, auth: xoauth2';
  const oauth2Of = async (provider: string, oauth2: string) => {
    const keys = `provider: ${provider}, ${login}, oauth2: {${oauth2}}`;
    return (await settingsOf(withAccount(keys))).accounts.get('up')?.oauth2;
  };
  expect(await oauth2Of('microsoft365', 'client_id: relay')).toMatchObject({
    tokenUrl: expect.stringContaining('/organizations/oauth2/v2.0/token'),
    grant: { is: 'refresh-token', refreshToken: null },
    device: { scope: 'https://outlook.office.com/SMTP.Send offline_access' },
  });
  // The secret may be for either grant; without a word it is the one that needs nobody.
  expect(await oauth2Of('microsoft365', 'client_id: relay, client_secret: s')).toMatchObject({
    grant: { is: 'client-credentials' },
    device: null,
  });
  // Google gives no device code for the scope of mail.
  expect(await oauth2Of('gmail', 'client_id: relay, refresh_token: r')).toMatchObject({
    tokenUrl: 'https://oauth2.googleapis.com/token',
    device: null,
  });
});

test('it is acted on', async () => {
  const result = await loadText(withAccount(`${server}, oauth2: {${client}}`));
  expect(result).toMatchObject({ ok: true, warnings: [] });
});
