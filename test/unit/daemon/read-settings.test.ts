import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hiddenValues } from '../../../src/config/hidden.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { readSettings } from '../../../src/daemon/read-settings.ts';
import { decodeLoaded, encodeLoaded } from '../../../src/daemon/settings-wire.ts';
import { temporaryDirectory } from '../config/temporary-file.ts';

const environment = { SHOP_PASSWORD: 'shop', GMAIL_APP_PASSWORD: 'abcdefghijklmnop' };

function relayYaml(): string {
  const file = join(temporaryDirectory(), 'relay.yaml');
  writeFileSync(
    file,
    `hostname: relay.example
clients:
  shop: { password: {env: SHOP_PASSWORD}, senders: ["@shop.example"] }
accounts:
  gmail: { provider: gmail, username: me@gmail.com, password: {env: GMAIL_APP_PASSWORD} }
  ses: { provider: ses, region: eu-west-1, username: AKIAEXAMPLE, password: {env: SHOP_PASSWORD} }
routes:
  - { sender: me@gmail.com, accounts: [gmail] }
  - { accounts: [ses, gmail] }
`,
  );
  chmodSync(file, 0o600);
  return file;
}

test('another process gives what loadSettings gives', async () => {
  const file = relayYaml();
  const [read, loaded] = [
    await readSettings(file, environment),
    await loadSettings(file, environment),
  ];
  if (!(read.ok && loaded.ok)) throw new Error(JSON.stringify([read, loaded]));
  expect(read).toEqual(loaded);
  expect(hiddenValues(read.settings)).toEqual(hiddenValues(loaded.settings));
  expect(read.settings.accounts.get('gmail')?.password?.reveal()).toBe('abcdefghijklmnop');
  expect(JSON.stringify(read.settings)).not.toContain('abcdefghijklmnop');
});

test('all problems of the file come over', async () => {
  const file = relayYaml();
  const read = await readSettings(file, {});
  expect(read).toEqual(await loadSettings(file, {}));
  expect(read.ok).toBe(false);
});

test('what accounts share, they share on the other side', async () => {
  const loaded = await loadSettings(relayYaml(), environment);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const { settings } = loaded;
  const first = settings.accounts.get('gmail');
  if (first === undefined) throw new Error('no account');
  const accounts = new Map([
    ['one', first],
    ['two', first],
  ]);
  const decoded = decodeLoaded(encodeLoaded({ ...loaded, settings: { ...settings, accounts } }));
  if (!decoded.ok) throw new Error('problems');
  expect(decoded.settings.accounts.get('one')).toBe(decoded.settings.accounts.get('two'));
});

test('a process that does not come to its end is a problem, not an error', async () => {
  const read = await readSettings(relayYaml(), { NODE_OPTIONS: '--no-such-option' });
  expect(read).toMatchObject({
    ok: false,
    problems: [{ message: expect.stringContaining('its reader ended with 9') }],
  });
});
