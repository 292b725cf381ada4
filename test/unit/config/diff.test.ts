import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Difference, settingsDifferences } from '../../../src/config/diff.ts';
import { longestRising } from '../../../src/config/longest-rising.ts';
import { loadText, settingsOf, temporaryDirectory } from './temporary-file.ts';

const base = `
clients:
  shop: {password: shop-password, senders: ["@shop.example"]}
accounts:
  up: {host: mail.example, username: up@shop.example, password: up-password}
routes:
  - {sender: a@shop.example, accounts: [up]}
  - {sender: b@shop.example, accounts: [up]}
  - {sender: c@shop.example, accounts: [up]}
`;

async function differences(text: string, before = base): Promise<Difference[]> {
  const directory = temporaryDirectory();
  return settingsDifferences(
    await settingsOf(before, { directory }),
    await settingsOf(text, { directory }),
  );
}

const lines = async (text: string, before?: string): Promise<string[]> =>
  (await differences(text, before)).map(
    ({ path, is, before: old, after }) => `${is} ${path}: ${old} -> ${after}`,
  );

test('notation, order of keys and defaults written out make no difference', async () => {
  const same = `limits: {message_size: 25600KiB}\n${base.replace('host: mail.example', 'port: 587, host: mail.example')}`;
  expect(await differences(same)).toEqual([]);
});

test('values that differ are named with both values, defaults too', async () => {
  const text = `${base.replace('host: mail.example,', 'host: mail2.example, limits: {rate: [5/m]},')}queue: {lifetime: 1d}\n`;
  expect(await lines(text)).toEqual([
    'changed queue.lifetime: 5d -> 1d',
    'changed accounts.up.host: mail.example -> mail2.example',
    'changed accounts.up.tls.servername: mail.example -> mail2.example',
    'added accounts.up.limits.rate: null -> [5/m]',
  ]);
});

test('whole accounts, clients and listeners come and go in brief', async () => {
  const text = base
    .replace('accounts:\n', 'accounts:\n  two: {host: two.example, username: x, password: y}\n')
    .replace('  shop:', '  web:')
    .replace('routes:', 'listeners: [{listen: 127.0.0.1:2525}]\nroutes:');
  expect(await lines(text)).toEqual([
    'removed listeners."127.0.0.1:587": tls none, auth required -> null',
    'added listeners."127.0.0.1:2525": null -> tls none, auth required',
    'removed clients.shop: senders [@shop.example] -> null',
    'added clients.web: null -> senders [@shop.example]',
    'added accounts.two: null -> two.example:587 as x',
  ]);
});

test('secrets are compared and never shown', async () => {
  const found = await differences(
    base.replace('up-password', 'other-password').replace('shop-password', 'third-password'),
  );
  expect(found.map(({ path }) => path)).toEqual(['clients.shop.password', 'accounts.up.password']);
  expect(JSON.stringify(found)).not.toMatch(/(up|shop|other|third)-password/);
});

test('routes: inserted, removed, changed and moved ones are told apart', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map(
    (one) => `  - {sender: ${one}@shop.example, accounts: [up]}\n`,
  );
  const with_ = (...routes: (string | undefined)[]) =>
    `${base.split('routes:')[0]}routes:\n${routes.join('')}`;
  const news = '  - {sender: "@news.example", discard: true}\n';
  expect(await lines(with_(news, a, b, c))).toEqual([
    'added routes[0]: null -> sender @news.example: discard true',
  ]);
  expect(await lines(with_(a, c))).toEqual([
    'removed routes[1]: sender b@shop.example: accounts [up] -> null',
  ]);
  expect(
    await lines(with_(a, b?.replace('}', ', lifetime: 30m, bcc: [x@shop.example]}'), c)),
  ).toEqual([
    'added routes[1].lifetime: null -> 30m',
    'added routes[1].bcc: null -> [x@shop.example]',
  ]);
  expect(await lines(with_(c, a, b))).toEqual([
    'moved routes[0]: routes[2] -> sender c@shop.example: accounts [up]',
  ]);
});

test('without the secrets at hand files are compared by where those are kept', async () => {
  const text = base
    .replace('up-password', '{env: UP}')
    .replace('shop-password', '{credential: shop}')
    .replace(
      'accounts:\n',
      'accounts:\n  gone: {host: g.example, username: x, password: {file: /nowhere/x}}\n',
    );
  const directory = temporaryDirectory();
  expect(await loadText(text, { directory })).toMatchObject({ ok: false });
  const before = await settingsOf(text, { directory, standIns: true });
  const after = await settingsOf(text.replace('{env: UP}', '{env: OTHER}'), {
    directory,
    standIns: true,
  });
  expect(settingsDifferences(before, before)).toEqual([]);
  expect(settingsDifferences(before, after)).toEqual([
    { path: 'accounts.up.password', is: 'changed', before: '[secret]', after: '[secret], another' },
  ]);
});

test('what rises is as long as can be, and in order', () => {
  const some = fc.uniqueArray(fc.nat(12), { maxLength: 8 });
  fc.assert(
    fc.property(some, (numbers) => {
      const found = longestRising(numbers);
      expect(found).toEqual(found.toSorted((a, b) => a - b));
      expect(numbers.filter((number) => found.includes(number))).toEqual(found);
      const subsets = 2 ** numbers.length;
      for (let mask = 0; mask < subsets; mask++) {
        const part = numbers.filter((_, at) => (mask >> at) & 1);
        if (part.every((number, at) => at === 0 || number > (part[at - 1] ?? 0))) {
          expect(part.length).toBeLessThanOrEqual(found.length);
        }
      }
    }),
  );
});
