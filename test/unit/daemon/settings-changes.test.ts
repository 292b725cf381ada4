import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changesBetween } from '../../../src/daemon/settings-changes.ts';
import { makeCa } from '../../support/certificates.ts';
import { minimal, withAccount } from '../config/minimal.ts';
import { settingsOf, temporaryDirectory } from '../config/temporary-file.ts';

async function changes(before: string, after: string) {
  const directory = temporaryDirectory();
  return changesBetween(
    await settingsOf(before, { directory }),
    await settingsOf(after, { directory }),
  );
}

test('what is the same is no change, wherever it stands in the file', async () => {
  const nothing = { changes: [], needRestart: [] };
  expect(await changes(minimal, minimal)).toEqual(nothing);
  expect(await changes(minimal, `# a line more\n${minimal}`)).toEqual(nothing);
});

test('another token is a change of observe, which needs a restart', async () => {
  const before = `${minimal}observe: {token: old-token}\n`;
  expect(await changes(before, before.replace('old-token', 'new-token'))).toEqual({
    changes: ['observe'],
    needRestart: ['observe'],
  });
});

test("so is another of a collector's header fields", async () => {
  const tracing = '{endpoint: "https://x.example/v1/traces", headers: {A: old-key}}';
  const before = `${minimal}observe: {tracing: ${tracing}}\n`;
  expect(await changes(before, before.replace('old-key', 'new-key'))).toEqual({
    changes: ['observe'],
    needRestart: ['observe'],
  });
});

test.each([
  ['a plain password', 'shop-password', 'new-password'],
  ['a pattern', '"@shop.example"]', '"@shop.example", "@news.example"]'],
])("another client's change shows: %s", async (_, from, to) => {
  expect(await changes(minimal, minimal.replace(from, to))).toEqual({
    changes: ['clients.shop'],
    needRestart: [],
  });
});

test('another password, or another file of authorities, is a change of the account', async () => {
  const password = minimal.replace('up-password', 'new-password');
  expect((await changes(minimal, password)).changes).toEqual(['accounts.up']);

  const directory = temporaryDirectory();
  const text = withAccount('host: mail.example, username: u, password: p, tls: {ca: ca.pem}');
  writeFileSync(join(directory, 'ca.pem'), (await makeCa()).certificate);
  const before = await settingsOf(text, { directory });
  writeFileSync(join(directory, 'ca.pem'), (await makeCa()).certificate);
  const after = await settingsOf(text, { directory });
  expect(changesBetween(before, after).changes).toEqual(['accounts.up']);
});

test('another password of its proxy is a change of the account', async () => {
  const keys = 'host: mail.example, username: u, password: p, proxy: "http://u:old@p.example"';
  const before = withAccount(keys);
  const { changes: found } = await changes(before, before.replace('old@', 'new@'));
  expect(found).toEqual(['accounts.up']);
});

test('what a route changes in its mail is a change of routes', async () => {
  const copied = minimal.replace('accounts: [up]}', 'accounts: [up], bcc: [log@shop.example]}');
  expect((await changes(minimal, copied)).changes).toEqual(['routes']);
});
