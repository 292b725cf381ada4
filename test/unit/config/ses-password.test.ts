import { expect, test } from 'vitest';
import { sesSmtpPassword } from '../../../src/config/ses-password.ts';
import { withAccount } from './minimal.ts';
import { problemsOf, settingsOf } from './temporary-file.ts';

// Published with the AWS provider of Terraform (TestSESSMTPPasswordFromSecretKeySigV4).
const vectors = [
  ['some+secret+key', 'eu-central-1', 'BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2'],
  ['another+secret+key', 'eu-central-1', 'BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh'],
  ['some+secret+key', 'us-west-1', 'BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj'],
  ['another+secret+key', 'us-west-1', 'BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF'],
] as const;

test.each(vectors)('%s in %s', (key, region, password) => {
  expect(sesSmtpPassword(key, region)).toBe(password);
});

test('secret_access_key becomes the password of the account', async () => {
  const settings = await settingsOf(
    withAccount(
      'provider: ses, region: eu-central-1, username: AKIAEXAMPLE, secret_access_key: some+secret+key',
    ),
  );
  const account = settings.accounts.get('up');
  expect(account?.host).toBe('email-smtp.eu-central-1.amazonaws.com');
  expect(account?.password?.reveal()).toBe(vectors[0][2]);
});

test('a secret access key in the place of the password is noticed and not shown', async () => {
  const key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const lines = await problemsOf(
    withAccount(`provider: ses, region: eu-west-3, username: AKIAEXAMPLE, password: ${key}`),
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('secret_access_key');
  expect(lines[0]).not.toContain(key);
});
