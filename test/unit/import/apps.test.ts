import { describe, expect, test } from 'vitest';
import { importEnv } from '../../../src/import/env.ts';
import { ImportError } from '../../../src/import/model.ts';
import { importMsmtp } from '../../../src/import/msmtp.ts';
import { importRows, readCsv, readJson } from '../../../src/import/sql.ts';
import { checked, sample } from './files.ts';

const msmtp = (text: string) => importMsmtp({ path: 'msmtprc', text }, () => null);
const env = (text: string) => importEnv([{ path: '.env', text }]);

describe('msmtp', () => {
  test('accounts by from, defaults, inheritance and commands', async () => {
    const file = sample('apps/msmtprc');
    const text = file.text.replace('cat /etc/old-password', 'echo from-command');
    const { route, settings, password, findings } = await checked(msmtp(text));
    expect(route('erp@velosi.example')).toBe('gmail');
    expect(route('any@alliance.example')).toBe('alliance');
    expect(route('info@old.example')).toBe('old');
    expect(route('nobody@else.example')).toBe('gmail');
    expect(password('gmail')).toBe('abcdefghijklmnop');
    expect(password('alliance')).toBe('secret-of-alliance');
    expect(password('old')).toBe('from-command');
    expect(settings.accounts.get('old')?.tls.mode).toBe('implicit');
    const report = findings.join('\n');
    expect(report).toMatch(
      /changed msmtprc:\d+: the certificate of mail\.old-host\.example was not verified/,
    );
    expect(report.match(/logfile/g)).toHaveLength(1);
  });

  test('a command with more than words runs in a shell', async () => {
    const account = 'account default\nhost a.example\ntls on\nauth on\nuser me\n';
    const { password } = await checked(msmtp(`${account}passwordeval "echo a | tr a b"\n`));
    expect(password('a')).toBe('b');
  });

  test('a login without TLS gets TLS; an account that nothing chooses is named', async () => {
    const text =
      'account one\nhost a.example\nauth plain\nuser me\npassword geheim\naccount default: one\naccount two\nhost b.example\n';
    const { settings, findings } = await checked(msmtp(text));
    expect(settings.accounts.get('one')).toMatchObject({
      auth: 'plain',
      tls: { mode: 'starttls' },
    });
    const report = findings.join('\n');
    expect(report).toContain('TLS to a.example: none: now required (starttls)');
    expect(report).toContain('account two: it has no from address that would choose it');
  });

  test('a client certificate comes with it, also from /etc/ssl', () => {
    const text =
      'account default\nhost a.example\ntls on\ntls_trust_file /etc/ssl/own/ca.pem\ntls_cert_file /etc/ssl/own/cert.pem\ntls_key_file /etc/ssl/private/key.pem\n';
    const { routes, findings } = importMsmtp({ path: 'msmtprc', text }, () => '');
    expect(routes[0]?.fate).toMatchObject({
      through: [
        {
          extra: {
            ca: '/etc/ssl/own/ca.pem',
            certificate: '/etc/ssl/own/cert.pem',
            key: '/etc/ssl/private/key.pem',
          },
        },
      ],
    });
    expect(findings).toEqual([]);
  });

  test('without accounts', () => {
    expect(() => msmtp('')).toThrow(ImportError);
  });
});

describe('env', () => {
  test('Laravel, Django and plain SMTP_ beside each other', async () => {
    const files = ['laravel', 'django', 'node'].map((name) => sample(`apps/${name}.env`));
    const { route, settings, password, findings } = await checked(importEnv(files));
    expect(route('shop@shop.example')).toBe('mailgun-mg');
    expect(route('info@old.example')).toBe('old-host-old');
    expect(route('app@alliance.example')).toBe('ses');
    expect(route('nobody@else.example')).toBe('reject');
    expect(password('mailgun-mg')).toBe('p#ss word');
    expect(password('old-host-old')).toBe('geheim');
    expect(settings.accounts.get('ses')).toMatchObject({ port: 465, tls: { mode: 'implicit' } });
    expect(findings.join('\n')).toContain('set host 127.0.0.1, port 587');
  });

  test('the only app sends as anybody', async () => {
    const { route } = await checked(
      env('SMTP_HOST=a.example\nSMTP_USER=x@b.example\nSMTP_PASS=y123\n'),
    );
    expect(route('other@c.example')).toBe('a-b');
  });

  test('a scheme and a port in the host', async () => {
    const { settings } = await checked(
      env('MAIL_HOST=ssl://a.example:465\nMAIL_USERNAME=x@b.example\nMAIL_PASSWORD=geheim\n'),
    );
    expect([...settings.accounts.values()][0]).toMatchObject({ host: 'a.example', port: 465 });
  });

  test('a file without a mail server', () => {
    expect(() => env('DATABASE_URL=x\n')).toThrow(/looked for SMTP_HOST, EMAIL_HOST, MAIL_HOST/);
  });
});

describe('sql', () => {
  const csv = (text: string) => importRows(readCsv('t.csv', text));

  test('what cannot be read is not guessed in silence', async () => {
    const rows = 'smtp.a.test,abc,u@a.test,p,1\nsmtp.b.test,587,u@b.test,p,maybe\n';
    const { findings } = csv(`host,port,user,password,enabled\n${rows}`);
    expect(findings).toMatchObject([
      { is: 'changed', at: { line: 3 }, what: 'enabled: maybe', why: 'taken as switched on' },
      { is: 'changed', at: { line: 2 }, what: 'port abc', why: 'that is no port; 587 is used' },
    ]);
  });

  test('columns are known by what they are called; each row says what became of it', async () => {
    const file = sample('apps/organisations.csv');
    const { route, password, findings } = await checked(importRows(readCsv(file.path, file.text)));
    expect(route('erp@velosi.example')).toBe('Velosi');
    expect(route('app@alliance.example')).toBe('Alliance-Ltd');
    expect(route('old@sleeping.example')).toBe('reject');
    expect(password('Alliance-Ltd')).toBe('ge"heim');
    const report = findings.join('\n');
    expect(report).toContain('organisations.csv:4: Sleeping: it is switched off');
    expect(report).toContain(
      'organisations.csv:5: account at mail.old-host.example: neither a sender',
    );
    expect(report).toContain('organisations.csv:6: a second account for erp@velosi.example');
    expect(report).toContain('columns id, created_at');
  });

  test('JSON, the list within an object, camel case', async () => {
    const file = sample('apps/organisations.json');
    const { route, settings } = await checked(importRows(readJson(file.path, file.text)));
    expect(route('erp@velosi.example')).toBe('velosi');
    expect(settings.accounts.get('old')).toMatchObject({
      host: 'mail.old-host.example',
      port: 465,
    });
  });

  test('other separators, quotes with line breaks, a byte order mark', () => {
    const table = readCsv('t.csv', '\ufeffhost;user;pass\r\n"a;b";"x\ny";"q""q"\r\n\r\nc;;\r\n');
    expect(table.columns).toEqual(['host', 'user', 'pass']);
    expect(table.rows).toEqual([
      { values: ['a;b', 'x\ny', 'q"q'], at: { file: 't.csv', line: 2 } },
      { values: ['c', '', ''], at: { file: 't.csv', line: 5 } },
    ]);
  });

  test('what is missing is said', async () => {
    expect(() => csv('user,password\na,b\n')).toThrow(
      /no column for the host among these: user, password/,
    );
    expect(() => csv('host,user,password\n')).toThrow(/no rows/);
    expect(() => csv('')).toThrow(ImportError);
    expect(() => readJson('t.json', '{"a": 1}')).toThrow(/no list of objects/);
    expect(() => readJson('t.json', 'x')).toThrow(/is no JSON/);
    await expect(
      checked(csv('host,user,password,enabled\na.example,u@x.example,p,0\n')),
    ).rejects.toThrow(/switched off/);
  });
});
