import { expect, test } from 'vitest';
import { describeSettings } from '../../../src/config/describe.ts';
import { parseProxyUrl } from '../../../src/config/proxy-url.ts';
import { withAccount } from './minimal.ts';
import { problemsOf, settingsOf } from './temporary-file.ts';

test.each([
  ['socks5://127.0.0.1:9050', 'socks5', '127.0.0.1', 9050],
  ['socks5://proxy.example', 'socks5', 'proxy.example', 1080],
  ['http://[2001:db8::1]:3128/', 'http', '2001:db8::1', 3128],
  ['http://proxy.example', 'http', 'proxy.example', 80],
])('%s', (text, is, host, port) => {
  expect(parseProxyUrl(text)).toEqual({ is, host, port, login: null });
});

test('parts of the login are percent-encoded', () => {
  const login = parseProxyUrl('socks5://us%40er:p%3Ass@proxy.example')?.login;
  expect([login?.username, login?.password.reveal()]).toEqual(['us@er', 'p:ss']);
});

test.each([
  'proxy.example:1080',
  'https://proxy.example',
  'socks4://proxy.example',
  'socks5://',
  'socks5://proxy.example:0',
  'socks5://proxy.example/path',
  'http://proxy.example?a=b',
  'socks5://user@proxy.example',
  'socks5://:password@proxy.example',
  'socks5://user:%ff@proxy.example',
  'http://a%3Ab:c@proxy.example',
  'http://a:b%0d%0aX@proxy.example',
  `socks5://u:${'p'.repeat(256)}@proxy.example`,
])('%s is refused', (text) => {
  expect(parseProxyUrl(text)).toBeNull();
});

const withProxy = (proxy: string) =>
  withAccount(`host: a.example, username: u, password: {env: P}, proxy: "${proxy}"`);

test('an error does not repeat what may be a password', async () => {
  const [line] = await problemsOf(withProxy('ftp://u:hunter2@proxy.example'));
  expect(line).toContain('accounts.up.proxy: expected a proxy URL such as socks5://127.0.0.1:1080');
  expect(line).not.toContain('hunter2');
});

test('a login stands only in a file that nobody else can read', async () => {
  const options = { mode: 0o644, env: { P: 'x', S: 'y' } };
  const readable = (proxy: string) => withProxy(proxy).replace('shop-password', '{env: S}');
  const [line] = await problemsOf(readable('http://me:hunter2@127.0.0.1:3128'), options);
  expect(line).toContain('accounts.up.proxy: holds a password, in a file that others may read');
  expect(await problemsOf(readable('http://127.0.0.1:3128'), options)).toEqual([]);
});

test('a login is shown without its password', async () => {
  const text = withProxy('socks5://me:hunter2@127.0.0.1:1080').replace('{env: P}', 'x');
  const shown = JSON.stringify(describeSettings(await settingsOf(text)));
  expect(shown).toContain('"proxy":"socks5://me:[secret]@127.0.0.1:1080"');
  expect(shown).not.toContain('hunter2');
});
