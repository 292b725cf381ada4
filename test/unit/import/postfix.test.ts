import { describe, expect, test } from 'vitest';
import type { Imported } from '../../../src/import/model.ts';
import { importPostfix } from '../../../src/import/postfix/import.ts';
import { parameterText, readMain } from '../../../src/import/postfix/main-cf.ts';
import { findAddress, findRecipient, readTables } from '../../../src/import/postfix/tables.ts';
import { below, checked, given, sample } from './files.ts';

const whole = (): Imported =>
  importPostfix(
    sample('postfix/etc/postfix/main.cf'),
    sample('postfix/etc/postfix/master.cf'),
    below('postfix'),
  );
const main = (text: string, files: Readonly<Record<string, string>> = {}): Imported =>
  importPostfix({ path: 'main.cf', text }, null, given(files));

describe('a relay with an account for each sender', () => {
  test('each sender leaves as before', async () => {
    const { route, yaml } = await checked(whole());
    expect(route('erp@velosi.example')).toBe('gmail-velosi');
    expect(route('info@old.example')).toBe('old-host-old');
    expect(route('app@alliance.example')).toBe('ses');
    expect(route('x@staging.example')).toBe('discard');
    expect(route('nobody@else.example')).toBe('sendgrid');
    expect(route('erp@velosi.example', 'a@sub.partner.example')).toBe('partner');
    expect(yaml).toContain(
      '{sender: cron@host.shop.example, accounts: [sendgrid], rewrite: {from: erp@velosi.example, when: always}}',
    );
  });

  test('logins by sender and by server, TLS by policy and by service', async () => {
    const { settings, password } = await checked(whole());
    const account = (name: string) => settings.accounts.get(name);
    expect(password('gmail-velosi')).toBe('abcdefghijklmnop');
    expect(password('sendgrid')).toBe('SG.example:with:colons');
    expect(account('old-host-old')).toMatchObject({ port: 465, tls: { mode: 'implicit' } });
    // The partner chose nothing of ours: no sender's password is for it.
    expect(account('partner')).toMatchObject({ auth: 'none', tls: { mode: 'opportunistic' } });
  });

  test('a client certificate from /etc/ssl, and a lifetime in weeks', () => {
    const text =
      'relayhost = [a.example]\nsmtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\nsmtp_tls_cert_file = /etc/ssl/own/pair.pem\nmaximal_queue_lifetime = 1w\n';
    const { routes, lifetime } = main(text, {
      '/etc/ssl/certs/ca-certificates.crt': '',
      '/etc/ssl/own/pair.pem': '',
    });
    const pair = '/etc/ssl/own/pair.pem';
    expect(routes[0]?.fate).toMatchObject({
      through: [{ extra: { certificate: pair, key: pair } }],
    });
    expect(routes[0]?.fate).not.toHaveProperty('through[0].extra.ca');
    expect(lifetime).toBe('7d');
  });

  test('listeners, networks, size and lifetime', async () => {
    const { settings, findings } = await checked(whole());
    expect(settings.listeners.map(({ listen }) => listen)).toEqual([
      { is: 'tcp', host: '0.0.0.0', port: 25 },
      { is: 'tcp', host: '0.0.0.0', port: 587 },
    ]);
    expect(settings.clients.get('network')?.networks).toEqual(['10.1.0.0/16']);
    expect(settings.limits.messageBytes).toBe(30 * 2 ** 20);
    expect(settings.queue.lifetimeMs).toBe(2 * 86_400_000);
    const report = findings.join('\n');
    expect(report).toMatch(
      /left-out .*main\.cf:\d+: smtpd_banner, smtpd_relay_restrictions: who may/,
    );
    expect(report).not.toContain(': config:');
  });
});

test('a relayhost without brackets was its domain: that is said', async () => {
  const { findings, settings } = await checked(main('relayhost = isp.example\n'));
  expect(findings.join('\n')).toContain('changed main.cf:1: mail servers (MX) of isp.example');
  expect([...settings.accounts.values()][0]).toMatchObject({ host: 'isp.example', port: 25 });
});

test('a fallback is the second account', async () => {
  const text = 'relayhost = [a.example]\nsmtp_fallback_relay = [b.example]:2525\n';
  const { settings } = await checked(main(text));
  expect(settings.routes[0]?.action).toMatchObject({ accounts: ['a', 'b'] });
});

test('maps that are no text, and those that are missing, are named', async () => {
  const text =
    'relayhost = [smtp.gmail.com]:587\nsmtp_sasl_auth_enable = yes\n' +
    'smtp_sasl_password_maps = hash:/etc/gone\nsender_dependent_relayhost_maps = mysql:/etc/my.cf\n';
  const report = (await checked(main(text))).findings.join('\n');
  expect(report).toContain(
    'left-out main.cf:3: smtp_sasl_password_maps: /etc/gone: the file cannot be read',
  );
  expect(report).toMatch(/main\.cf:4: sender_dependent_relayhost_maps: mysql:.*import sql/);
  expect(report).toContain('login at [smtp.gmail.com]:587: smtp_sasl_password_maps has no entry');
});

test('without a relayhost there is nothing to import', async () => {
  await expect(checked(main('myhostname = a.example\n'))).rejects.toThrow(/own servers \(MX\)/);
  await expect(checked(main(''))).rejects.toThrow(/nothing in the files sends mail/);
});

test.each([
  ['$a', '1'],
  ['${a}${b}', '12'],
  ['$(a)x', '1x'],
  ['${a?yes}${none?no}', 'yes'],
  ['${none:usual}', 'usual'],
  ['${none?{x}:{y}}', 'y'],
  ['$$a', '$a'],
  ['$c', '1-2'],
])('%s in main.cf is %s', (text, expected) => {
  const file = { path: 'main.cf', text: `a = 1\nb = 2\nc = $a-$b\nx = ${text}\n` };
  expect(parameterText(readMain(file), 'x')).toBe(expected);
});

test('lines of main.cf go on with white space; the last of a name counts', () => {
  const text = 'a = 1,\n# why\n  2\na_b=3\na_b = 4\n';
  const read = readMain({ path: 'main.cf', text });
  expect(read.get('a')).toEqual({ value: '1, 2', at: { file: 'main.cf', line: 1 } });
  expect(read.get('a_b')?.value).toBe('4');
});

test('tables answer as Postfix asks them', () => {
  const around = {
    read: given({ '/t': 'a@x.example 1\n@x.example 2\n.y.example 3\n* 4\n' }),
    note: () => {},
  };
  const place = { at: { file: 'main.cf', line: 1 }, name: 'maps', defaultType: 'hash' };
  const entries = readTables('/t', { ...around, ...place });
  expect(findAddress(entries, 'A+b@X.example')?.value).toBe('1');
  expect(findAddress(entries, 'c@x.example')?.value).toBe('2');
  expect(findAddress(entries, 'c@z.example')).toBeNull();
  expect(findRecipient(entries, 'c@sub.y.example')?.value).toBe('3');
  expect(findRecipient(entries, 'c@z.example')?.value).toBe('4');
  const constant = readTables('static:me:pw', { ...around, ...place });
  expect(findAddress(constant, 'any@any.example')?.value).toBe('me:pw');
});
