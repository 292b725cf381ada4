import { expect, test } from 'vitest';
import { modeOfPort } from '../../../src/config/build/account-tls.ts';
import { presetHost, presetNames, readPreset } from '../../../src/config/presets.ts';
import { withAccount } from './minimal.ts';
import { problemsOf, settingsOf } from './temporary-file.ts';

async function accountOf(keys: string) {
  const account = (await settingsOf(withAccount(keys))).accounts.get('up');
  if (account === undefined) throw new Error('no account');
  return account;
}

test.each(presetNames())('%s can be read, and its port fits its TLS', (name) => {
  const preset = readPreset(name);
  expect(preset?.documentation).toMatch(/^https:/);
  if (preset !== null) expect(preset.tls).toBe(modeOfPort(preset.port));
});

test('names outside the folder are no presets', () => {
  expect(readPreset('../relay.schema')).toBeNull();
});

test('gmail: host, limits, and an app password as Google shows it', async () => {
  const account = await accountOf(
    'provider: gmail, username: a@shop.example, password: "abcd efgh ijkl mnop"',
  );
  expect(account).toMatchObject({
    provider: 'gmail',
    host: 'smtp.gmail.com',
    port: 587,
    identities: ['a@shop.example'],
    limits: { recipients: 100 },
    tls: { mode: 'starttls' },
  });
  expect(account.password?.reveal()).toBe('abcdefghijklmnop');
});

test('gmail: the password of the account itself is noticed', async () => {
  const lines = await problemsOf(
    withAccount('provider: gmail, username: a@shop.example, password: Hunter2!'),
  );
  expect(lines[0]).toMatch(/warning: accounts\.up\.password: does not look right: a Google app/);
  expect(lines.join()).not.toContain('Hunter2');
});

test('sendgrid: port 2525, and everybody is called apikey and may send as anybody', async () => {
  const account = await accountOf('provider: sendgrid, password: SG.key');
  expect(account).toMatchObject({
    host: 'smtp.sendgrid.net',
    port: 2525,
    username: 'apikey',
    identities: [],
    tls: { mode: 'starttls' },
  });
});

test('a username that is only for logging in does not say who may send', async () => {
  const brevo = 'provider: brevo, username: 12ab@smtp-brevo.com, password: xsmtpsib-1';
  expect((await accountOf(brevo)).identities).toEqual(['*']);
  const own = await accountOf(`${brevo}, identities: ["@shop.example"]`);
  expect(own.identities).toEqual(['@shop.example']);
});

test('every key of the account overrides the preset', async () => {
  const account = await accountOf(
    'provider: gmail, host: localhost, port: 465, username: a@b.example, password: abcdefghijklmnop, ' +
      'limits: {connections: 7}',
  );
  expect(account).toMatchObject({
    host: 'localhost',
    port: 465,
    tls: { mode: 'implicit', servername: 'localhost' },
    limits: { connections: 7, recipients: 100 },
  });
});

test('the sandbox of SES has its own rates', async () => {
  const keys = 'provider: ses, region: eu-west-3, username: AKIA, secret_access_key: k';
  expect((await accountOf(keys)).limits.rate).toEqual([]);
  expect((await accountOf(`${keys}, sandbox: true`)).limits.rate).toEqual([
    { count: 200, windowMs: 86_400_000, counts: 'recipients', zone: null },
    { count: 1, windowMs: 1_000, counts: 'recipients', zone: null },
  ]);
  const own = `${keys}, limits: {rate: [14/s, 9/d recipients], counts: messages}`;
  expect((await accountOf(own)).limits.rate).toMatchObject([
    { count: 14, counts: 'messages' },
    { count: 9, counts: 'recipients' },
  ]);
});

test('a region chooses the host and cannot smuggle anything into it', () => {
  const ses = readPreset('ses');
  const mailgun = readPreset('mailgun');
  if (ses === null || mailgun === null) throw new Error('no preset');
  expect(presetHost(mailgun, 'eu')).toEqual({ host: 'smtp.eu.mailgun.org' });
  expect(presetHost(ses, 'mx-central-1')).toEqual({
    host: 'email-smtp.mx-central-1.amazonaws.com',
  });
  expect(presetHost(ses, 'evil.example/')).toHaveProperty('problem');
});
