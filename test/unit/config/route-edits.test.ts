import { expect, test } from 'vitest';
import { foreignFields, presetNames, readPreset } from '../../../src/config/presets.ts';
import { minimal, withAccount } from './minimal.ts';
import { settingsOf } from './temporary-file.ts';

async function editsOf(keys: string) {
  const { routes } = await settingsOf(minimal.replace('accounts: [up]', `accounts: [up], ${keys}`));
  return routes[0];
}

test('a route that changes nothing has no edits', async () => {
  for (const keys of ['bcc: []', 'headers: {}', 'rewrite: {from: a@other.example, when: never}']) {
    const route = await editsOf(keys);
    expect(route).not.toHaveProperty('edits');
    expect(route).not.toHaveProperty('bcc');
  }
});

test('a rewrite is for what is unauthorized unless told otherwise; names to remove are lower case', async () => {
  const route = await editsOf(
    'rewrite: {from: up@shop.example}, headers: {remove: [X-Internal-*], add: {X-A: b}}, bcc: [log@a.example]',
  );
  expect(route?.edits).toEqual({
    rewrite: { from: 'up@shop.example', when: 'unauthorized' },
    remove: ['x-internal-*'],
    add: { 'X-A': 'b' },
  });
  expect(route?.bcc).toEqual(['log@a.example']);
});

test("each account knows the other providers' fields, and none of its own", async () => {
  for (const name of presetNames()) {
    const own = (readPreset(name)?.headers ?? []).map((field) => field.toLowerCase());
    expect(foreignFields(name).filter((field) => own.includes(field))).toEqual([]);
  }
  expect(foreignFields('ses')).toContain('x-smtpapi');
  expect(foreignFields(null)).toEqual(expect.arrayContaining(['x-ses-*', 'x-mailgun-*']));
  const keys = 'provider: sendgrid, password: SG.x';
  const account = (await settingsOf(withAccount(keys))).accounts.get('up');
  expect(account?.foreignFields).toContain('x-ses-*');
  expect(account?.foreignFields).not.toContain('x-smtpapi');
});
