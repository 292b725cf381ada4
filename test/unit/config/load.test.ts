import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeSettings } from '../../../src/config/describe.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { minimal, withAccount } from './minimal.ts';
import { problemsOf, settingsOf, temporaryDirectory } from './temporary-file.ts';

test('a minimal file gets the defaults of the reference', async () => {
  const settings = await settingsOf(minimal, { hostname: 'relay.example.org' });
  expect(settings.hostname).toBe('relay.example.org');
  expect(settings.listeners).toEqual([
    {
      listen: { is: 'tcp', host: '127.0.0.1', port: 587 },
      tls: 'none',
      certificate: null,
      key: null,
      mode: 0o660,
      group: null,
      auth: 'required',
      accountLogin: false,
      proxyProtocol: [],
      xclient: [],
    },
  ]);
  expect(settings.limits).toEqual({
    messageBytes: 25 * 1024 * 1024,
    recipients: 500,
    connections: 1000,
    connectionsReserved: 100,
    connectionsPerClient: 200,
    connectionsPerAddress: 0,
    authFailures: { count: 10, windowMs: 60_000 },
    timeouts: { authenticateMs: 30_000, commandMs: 300_000, dataMs: 180_000 },
    memoryBytes: 128 * 1024 * 1024,
    diskFreeBytes: 200 * 1024 * 1024,
    bareNewlines: 'normalize',
    hops: 50,
  });
  expect(settings.queue).toEqual({
    directory: '/var/lib/relayd',
    retryMs: [1, 5, 15, 30, 60, 120, 240].map((minutes) => minutes * 60_000),
    lifetimeMs: 5 * 86_400_000,
    delayWarningMs: 4 * 3_600_000,
    inDoubt: 'retry',
    historyMs: 30 * 86_400_000,
  });
  expect(settings.notifications).toEqual({
    dsn: { mode: 'account', from: null },
    alerts: {
      destinations: [],
      digestMs: 5 * 60_000,
      stalledAfterMs: 15 * 60_000,
      heartbeat: null,
      summary: null,
    },
  });
  expect(settings.observe.listen).toEqual({ is: 'tcp', host: '127.0.0.1', port: 9587 });
  expect(settings.control.socket).toBe('/run/relayd/control.sock');
  expect(settings.log).toEqual({ level: 'info', format: 'json', addresses: 'full' });
});

test('an account without preset gets the defaults of the reference', async () => {
  const account = (await settingsOf(minimal)).accounts.get('up');
  expect(account).toMatchObject({
    name: 'up',
    provider: null,
    host: 'mail.example',
    port: 587,
    auth: 'auto',
    username: 'up@shop.example',
    identities: ['up@shop.example'],
    limits: {
      rate: [],
      connections: 2,
      messagesPerConnection: 50,
      idleMs: 30_000,
      recipients: 100,
      messageBytes: null,
    },
    timeouts: {
      connectMs: 30_000,
      greetingMs: 300_000,
      commandMs: 300_000,
      dataMs: 180_000,
      endOfDataMs: 600_000,
    },
    tls: { mode: 'starttls', verify: 'full', servername: 'mail.example', minimum: 'TLSv1.2' },
    headers: {},
    at: { line: 5, column: 3 },
  });
  expect(account?.password?.reveal()).toBe('up-password');
});

test('a bare machine name is no EHLO name', async () => {
  const { hostname } = await settingsOf(minimal, { hostname: 'vm' });
  expect(hostname).toBe('localhost.localdomain');
});

test('ports 465 and 2465 are TLS from the first byte', async () => {
  for (const [port, mode] of Object.entries({
    465: 'implicit',
    2465: 'implicit',
    25: 'starttls',
  })) {
    const keys = `host: mail.example, port: ${port}, username: a@b.example, password: x`;
    expect((await settingsOf(withAccount(keys))).accounts.get('up')?.tls.mode).toBe(mode);
  }
});

test('file names are relative to the file', async () => {
  const directory = temporaryDirectory();
  const text = `${minimal}queue: {directory: queue}\ncontrol: {socket: control.sock}\n`;
  const settings = await settingsOf(text, { directory });
  expect(settings.queue.directory).toBe(join(directory, 'queue'));
  expect(settings.control.socket).toBe(join(directory, 'control.sock'));
});

test('off switches the delay warning and the HTTP address off', async () => {
  const settings = await settingsOf(
    `${minimal}queue: {delay_warning: off}\nobserve: {listen: off}\n`,
  );
  expect(settings.queue.delayWarningMs).toBeNull();
  expect(settings.observe.listen).toBeNull();
});

test('routes know their place', async () => {
  const settings = await settingsOf(
    minimal.replace(
      '  - {sender: "*"',
      '  - {sender: "@x.example", hold: true}\n  - {client: shop',
    ),
  );
  expect(settings.routes).toMatchObject([
    { index: 1, line: 7, sender: '@x.example', action: { is: 'hold' } },
    { index: 2, line: 8, client: 'shop', action: { is: 'accounts', accounts: ['up'] } },
  ]);
});

const hash = 'scrypt$16384$8$1$cTIYloIkqUxEri37HNfpkQ$IsL1Jy6fxCJCp3_kZjqj4PA8K3Mpx9Poezv5GwynlkY';
const otherHash = hash.replace('IsL1', 'AAAA');

test('a scrypt hash may stand in a file that others read', async () => {
  const env = { UP: 'up-password', HASH: otherHash };
  const text = `${minimal
    .replace('shop-password', () => hash)
    .replace('up-password', '{env: UP}')}`.replace(
    'accounts:',
    '  blog: {password: {env: HASH}, senders: ["*"]}\naccounts:',
  );
  const { clients } = await settingsOf(text, { mode: 0o644, env });
  expect(clients.get('shop')?.password).toEqual({ is: 'scrypt', hash });
  expect(clients.get('blog')?.password).toEqual({ is: 'scrypt', hash: otherHash });
});

test('a bound session needs no client and no route', async () => {
  const text = `listeners: [{account_login: true}]\n${minimal.slice(minimal.indexOf('accounts:'), minimal.indexOf('routes:'))}`;
  const settings = await settingsOf(text);
  expect(settings.listeners[0]?.accountLogin).toBe(true);
});

test('a file that cannot be read is one problem', async () => {
  const result = await loadSettings('/nonexistent/relay.yaml', {});
  if (result.ok) throw new Error('loaded');
  expect(result.problems.map(formatProblem)).toEqual([
    'relay.yaml:1:1: cannot read /nonexistent/relay.yaml: no such file',
  ]);
});

test('the credential version changes with host, port, username and password', async () => {
  const versions = [];
  for (const keys of [
    'host: a.example, username: u@a.example, password: p',
    'host: b.example, username: u@a.example, password: p',
    'host: a.example, port: 25, username: u@a.example, password: p',
    'host: a.example, username: v@a.example, password: p',
    'host: a.example, username: u@a.example, password: q',
  ]) {
    versions.push((await settingsOf(withAccount(keys))).accounts.get('up')?.credentialVersion);
  }
  expect(new Set(versions).size).toBe(5);
  for (const version of versions) expect(version).toMatch(/^[0-9a-f]{12}$/);
  const again = await settingsOf(
    withAccount('host: a.example, username: u@a.example, password: p'),
  );
  expect(again.accounts.get('up')?.credentialVersion).toBe(versions[0]);
});

test('a next password has the version it will have as password; an app password loses its spaces', async () => {
  const keys = 'host: a.example, username: u@a.example';
  const both = await settingsOf(withAccount(`${keys}, password: p, next_password: q`));
  const { credentialVersion, next } = both.accounts.get('up') ?? {};
  expect(next?.password.reveal()).toBe('q');
  const moved = await settingsOf(withAccount(`${keys}, password: q`));
  expect(moved.accounts.get('up')).toMatchObject({
    credentialVersion: next?.credentialVersion,
    next: null,
  });
  expect(credentialVersion).not.toBe(next?.credentialVersion);
  expect(JSON.stringify(describeSettings(both))).toContain('"next_password":"[secret]"');

  const gmail = 'provider: gmail, username: u@a.example, password: abcdefghijklmnop';
  const grouped = await settingsOf(withAccount(`${gmail}, next_password: "bcde fghi jklm nopq"`));
  expect(grouped.accounts.get('up')?.next?.password.reveal()).toBe('bcdefghijklmnopq');
  const again = await settingsOf(withAccount(`${keys}, password: p, next_password: p`));
  expect(again.accounts.get('up')?.next).toBe(null);
});

test.each(['[', '{a: ', '- ', 'a: ['])(
  '%s a hundred thousand times is a fault of the file',
  async (open) => {
    const problems = await problemsOf(open.repeat(100_000));
    expect(problems[0]).toMatch(/^relay\.yaml:\d+:\d+: /);
  },
);

test('anchors work, and a fault in one is shown where it stands', async () => {
  const text = minimal
    .replace('["@shop.example"]', '&all ["*", shop]')
    .replace('accounts:', '  blog: {password: p, senders: *all}\naccounts:');
  const lines = await problemsOf(text);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^relay\.yaml:3:\d+: clients\.shop\.senders\[1\]: expected an address pattern/,
  );
});

test('aliases that grow without bound are refused', async () => {
  const lists = [...'bcdefghi'].map((name, index) => {
    const inner = Array(9).fill(`*${'abcdefgh'[index]}`).join(', ');
    return `${name}: &${name} [${inner}]`;
  });
  expect(await problemsOf(['a: &a [x]', ...lists].join('\n'))).toEqual([
    'relay.yaml:1:1: aliases stand for more than 100 values',
  ]);
});

test('names that mean something to JavaScript are names, or refused', async () => {
  expect(await problemsOf(minimal.replace('  shop:', '  __proto__:'))).toEqual([
    'relay.yaml:3:3: __proto__ cannot be a name',
  ]);
  const settings = await settingsOf(minimal.replace('  shop:', '  constructor:'));
  expect([...settings.clients.keys()]).toEqual(['constructor']);
  const keys = 'provider: mailgun, region: constructor, username: a@b.example, password: p';
  expect((await problemsOf(withAccount(keys)))[0]).toContain('no region of Mailgun');
});
