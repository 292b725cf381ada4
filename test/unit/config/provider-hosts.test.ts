import { expect, test } from 'vitest';
import { withAccount } from './minimal.ts';
import { problemsOf, settingsOf } from './temporary-file.ts';

const passwordOf = async (keys: string) =>
  (await settingsOf(withAccount(keys))).accounts.get('up')?.password?.reveal();

test('a host of SES gives the region that its password is derived for', async () => {
  const login = 'provider: ses, username: AKIA, secret_access_key: some+secret+key';
  const usual = await passwordOf(`${login}, region: eu-central-1`);
  expect(usual).toBe('BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2');
  const fips = await passwordOf(`${login}, host: email-smtp-fips.eu-central-1.amazonaws.com`);
  expect(fips).toBe(usual);
});

test('a host that names no region needs one for a derived password', async () => {
  const keys = 'provider: ses, username: AKIA, secret_access_key: k, host: ses-proxy.example';
  const lines = await problemsOf(withAccount(keys));
  expect(lines.join('\n')).toMatch(
    /accounts\.up\.region: missing; the password is derived for one/,
  );
  expect(await passwordOf(`${keys}, region: eu-west-3`)).toHaveLength(44);
});

test('a provider without a host of its own wants one', async () => {
  const login = 'provider: cpanel, username: a@shop.example, password: x';
  expect((await problemsOf(withAccount(login))).join('\n')).toMatch(
    /accounts\.up\.host: missing; cPanel, .* has no host of its own/,
  );
  const account = (await settingsOf(withAccount(`${login}, host: s1.hoster.example`))).accounts;
  expect(account.get('up')).toMatchObject({ host: 's1.hoster.example', port: 465 });
  expect(account.get('up')?.replyRules?.length).toBeGreaterThan(5);
});
