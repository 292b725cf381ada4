import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { frameworkNames } from '../../../src/cli/init-snippets.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { presetNames, readPreset } from '../../../src/config/presets.ts';
import { parsePasswordHash, verifyPassword } from '../../../src/lib/password-hash.ts';
import { type Ran, relayctl } from './harness.ts';

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayctl-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'etc');
}

const passwordIn = (directory: string): string => {
  const file = join(directory, '..', 'password.txt');
  writeFileSync(file, 'abcd efgh ijkl mnop\n');
  return file;
};

const init = (directory: string, options: string, answers?: readonly string[]): Promise<Ran> =>
  relayctl(
    ['--config', join(directory, 'relay.yaml'), 'init', ...options.split(' ').filter(Boolean)],
    {
      ...(answers === undefined ? {} : { answers }),
    },
  );

const mode = (path: string): number => statSync(path).mode & 0o777;
const gmail = '--provider gmail --address erp@velosi.example --no-test --yes';

test('for scripts: a relay.yaml that holds no secret, and the password beside it', async () => {
  const directory = place();
  const ran = await init(
    directory,
    `${gmail} --password-file ${passwordIn(directory)} --framework django`,
  );
  expect(ran.exitCode).toBe(0);
  const text = readFileSync(join(directory, 'relay.yaml'), 'utf8');
  expect(text).not.toContain('abcd');
  expect(parse(text)).toMatchObject({
    clients: { app: { senders: ['erp@velosi.example'] } },
    accounts: {
      gmail: {
        provider: 'gmail',
        username: 'erp@velosi.example',
        password: { file: 'secrets/gmail' },
      },
    },
    routes: [{ sender: 'erp@velosi.example', accounts: ['gmail'] }],
  });
  expect(mode(join(directory, 'relay.yaml'))).toBe(0o640);
  expect(mode(join(directory, 'secrets'))).toBe(0o700);
  expect(mode(join(directory, 'secrets/gmail'))).toBe(0o600);
  expect(readdirSync(directory).toSorted()).toEqual(['relay.yaml', 'secrets']);
  const [, password = ''] = /EMAIL_HOST_PASSWORD = '(\w{24})'/.exec(ran.out) ?? [];
  const hash = parsePasswordHash(parse(text).clients.app.password);
  expect(hash !== null && (await verifyPassword(password, hash))).toBe(true);
  const loaded = await loadSettings(join(directory, 'relay.yaml'), {});
  expect(loaded).toMatchObject({ ok: true, warnings: [] });
});

test('nothing is overwritten without --force', async () => {
  const directory = place();
  const password = `--password-file ${passwordIn(directory)}`;
  expect((await init(directory, `${gmail} ${password}`)).exitCode).toBe(0);
  const before = readFileSync(join(directory, 'relay.yaml'), 'utf8');
  const again = await init(directory, `${gmail} ${password}`);
  expect(again).toMatchObject({ exitCode: 73, out: '' });
  expect(again.err).toContain(`${join(directory, 'relay.yaml')} exists already`);
  rmSync(join(directory, 'relay.yaml'));
  const secret = await init(directory, `${gmail} ${password}`);
  expect(secret.exitCode).toBe(73);
  expect(secret.err).toContain('secrets/gmail exists already');
  expect((await init(directory, `${gmail} ${password} --force`)).exitCode).toBe(0);
  expect(readFileSync(join(directory, 'relay.yaml'), 'utf8')).not.toBe(before);
});

test('a person is asked for what is missing: by a part of the name, region, key, several apps', async () => {
  const directory = place();
  const ran = await init(directory, '--no-test', [
    'nonesuch',
    'amazon',
    'eu-west-3',
    '@velosi.example',
    'AKIAIOSFODNN7EXAMPLE',
    'geheim',
    'shop, cron',
    'laravel',
  ]);
  expect(ran.exitCode).toBe(0);
  expect(ran.err).toContain('No provider nonesuch');
  expect(ran.err).toContain('ses: Amazon SES');
  expect(parse(readFileSync(join(directory, 'relay.yaml'), 'utf8'))).toMatchObject({
    clients: { shop: {}, cron: {} },
    accounts: {
      ses: {
        region: 'eu-west-3',
        username: 'AKIAIOSFODNN7EXAMPLE',
        identities: ['@velosi.example'],
      },
    },
  });
  expect(ran.out).toMatch(
    /MAIL_USERNAME=shop\n.*MAIL_PASSWORD=\w{24}\n[\s\S]*MAIL_FROM_ADDRESS=noreply@velosi\.example/,
  );
  expect(ran.out + ran.err).not.toContain('geheim');
});

test('any other server, and one that logs in by device code', async () => {
  const other = place();
  const asked = [
    'other',
    'mail.old-host.example',
    '465',
    'a@old-host.example',
    '',
    'geheim',
    '',
    '',
  ];
  expect((await init(other, '--no-test', asked)).exitCode).toBe(0);
  expect(parse(readFileSync(join(other, 'relay.yaml'), 'utf8'))).toMatchObject({
    accounts: {
      upstream: { host: 'mail.old-host.example', port: 465, username: 'a@old-host.example' },
    },
  });
  const outlook = place();
  const options = '--provider outlook --address a@outlook.example --client-id 0000-11 --yes';
  const ran = await init(outlook, options);
  expect(ran.exitCode).toBe(0);
  expect(ran.out).toContain('relayctl account login outlook');
  expect(parse(readFileSync(join(outlook, 'relay.yaml'), 'utf8')).accounts.outlook).toMatchObject({
    auth: 'xoauth2',
    oauth2: { client_id: '0000-11' },
  });
});

test('every preset gives a file that is in order', async () => {
  for (const name of presetNames()) {
    const preset = readPreset(name);
    const directory = place();
    const more = [
      preset?.host === undefined ? '--host mail.velosi.example' : '',
      preset?.host?.includes('{region}') ? '--region eu-west-3' : '',
      preset?.auth === 'xoauth2' ? '--client-id x' : '--username erp@velosi.example',
    ];
    const ran = await init(
      directory,
      `--provider ${name} --address erp@velosi.example --no-test --yes ${more.join(' ')} --password-file ${passwordIn(directory)}`,
    );
    expect([
      name,
      ran.exitCode,
      ran.err.replace(/^.*does not look right.*$|^.*warning.*$/gm, '').trim(),
    ]).toEqual([name, 0, '']);
  }
});

test('every framework has lines with host, port, name, password and sender', async () => {
  for (const framework of frameworkNames) {
    const directory = place();
    const options = `${gmail} --framework ${framework} --password-file ${passwordIn(directory)} --client shop`;
    const json = JSON.parse((await init(directory, `--json ${options}`)).out);
    const { text } = json.snippet;
    for (const part of [
      '127.0.0.1',
      '587',
      'shop',
      json.clients[0].password,
      'erp@velosi.example',
    ]) {
      expect(text).toContain(part);
    }
  }
});

test.each([
  ['--yes', 64, '--provider is missing'],
  ['--provider gmail --yes', 64, '--address is missing'],
  [gmail, 64, '--password-file is missing'],
  ['--provider gmial --yes', 65, 'unknown provider gmial; did you mean "gmail"?'],
  ['--provider gmail --address nobody --yes', 65, 'nobody is neither a mail address'],
  [`${gmail} --password-file /nowhere/x`, 65, 'cannot read /nowhere/x'],
  ['--port 0', 64, 'It must be a number from 1 to 65535'],
  ['--framework cobol', 64, 'Allowed choices are'],
  ['extra', 64, 'too many arguments'],
])('init %s: exit code %i', async (options, exitCode, text) => {
  const directory = place();
  const ran = await init(directory, options);
  expect(ran.err).toContain(text);
  expect(ran.exitCode).toBe(exitCode);
  expect(readdirSync(join(directory, '..'))).toEqual([]);
});

test('what the daemon would refuse is told, and nothing stays', async () => {
  const directory = place();
  const options = `${gmail} --client a:b --account .x --password-file ${passwordIn(directory)}`;
  const ran = await init(directory, options);
  expect(ran.exitCode).toBe(78);
  expect(ran.err).toMatch(/accounts\."\.x": is no name for an account/);
  expect(readdirSync(directory)).toEqual([]);
});
