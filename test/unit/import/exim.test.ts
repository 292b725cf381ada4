import { describe, expect, test } from 'vitest';
import { importExim } from '../../../src/import/exim/import.ts';
import { ImportError } from '../../../src/import/model.ts';
import { below, checked, given, sample } from './files.ts';

const exim = (path: string, text: string, files: Readonly<Record<string, string>> = {}) =>
  importExim([{ path, text }], given(files));

const login = 'begin authenticators\nplain:\n driver = plaintext\n public_name = PLAIN\n';
const transport = 'begin transports\nup:\n driver = smtp\n hosts_require_auth = *\n';
const router = 'begin routers\nup:\n driver = manualroute\n transport = up\n';

describe('a whole exim.conf with routers, maps and authenticators', () => {
  const imported = () =>
    importExim([sample('two-accounts/etc/exim4/exim.conf')], below('two-accounts'));

  test('each sender leaves as before', async () => {
    const { route } = await checked(imported());
    expect(route('erp@velosi.example')).toBe('gmail-velosi');
    expect(route('info@old.example')).toBe('old-host-old');
    expect(route('news@shop.example')).toBe('ses');
    expect(route('anything@news.shop.example')).toBe('ses');
    expect(route('nobody@else.example')).toBe('sendgrid');
    expect(route('nobody@staging.example')).toBe('discard');
    expect(route('erp@velosi.example', 'a@partner.example')).toBe('partner');
    expect(route('news@shop.example', 'a@partner.example')).toBe('ses');
  });

  test('accounts have the login of their maps, and TLS that is verified', async () => {
    const { settings, password } = await checked(imported());
    const account = (name: string) => settings.accounts.get(name);
    expect(account('gmail-velosi')).toMatchObject({
      provider: 'gmail',
      host: 'smtp.gmail.com',
      port: 587,
      username: 'erp@velosi.example',
      identities: ['erp@velosi.example'],
      tls: { mode: 'starttls', verify: 'full' },
      limits: { messagesPerConnection: 20 },
    });
    // White space in an app password of Google is none of it.
    expect(password('gmail-velosi')).toBe('abcdefghijklmnop');
    expect(account('old-host-old')).toMatchObject({ provider: null, tls: { mode: 'implicit' } });
    expect(password('old-host-old')).toBe('geheim:1');
    expect(account('ses')).toMatchObject({ provider: 'ses', username: 'AKIAIOSFODNN7EXAMPLE' });
    expect(account('sendgrid')).toMatchObject({ username: 'apikey', port: 587, identities: ['*'] });
    expect(account('partner')).toMatchObject({ auth: 'none', tls: { mode: 'none' } });
  });

  test('listeners, trusted networks, size and lifetime come with it', async () => {
    const { settings, yaml, findings } = await checked(imported());
    expect(settings.hostname).toBe('relay.shop.example');
    expect(settings.listeners.map(({ listen, auth }) => ({ listen, auth }))).toEqual([
      { listen: { is: 'tcp', host: '127.0.0.1', port: 25 }, auth: 'optional' },
      { listen: { is: 'tcp', host: '127.0.0.1', port: 587 }, auth: 'optional' },
    ]);
    expect(settings.clients.get('network')?.networks).toEqual(['10.2.0.0/16']);
    expect(settings.limits.messageBytes).toBe(30 * 2 ** 20);
    expect(settings.queue.lifetimeMs).toBe(4 * 86_400_000);
    expect(yaml).toContain('headers: {add: {X-SES-CONFIGURATION-SET: relay}}');
    expect(findings).toContainEqual(
      expect.stringMatching(/^left-out .*exim\.conf:11: 3 lines of access rules \(ACLs\): /),
    );
    expect(findings).toContainEqual(
      expect.stringMatching(
        /^changed .*exim\.conf:15: the certificate of email-smtp.* was not verified/,
      ),
    );
  });
});

test('a router whose address_data is forced to fail leaves the mail to the next one', async () => {
  const data = (file: string) =>
    ` address_data = \${lookup{$sender_address}nwildlsearch{${file}}{$value}fail}\n`;
  const routers =
    `${router}${data('/map')} route_list = * one.example byname\n` +
    'rest:\n driver = manualroute\n transport = up\n route_list = * two.example byname\n';
  const text = `${routers}${transport}${login} client_send = ^me^geheim-77\n`;
  const imported = exim('/exim.conf', text, { '/map': '*@shop.example: x\n' });
  const { route, settings } = await checked(imported);
  expect(settings.accounts.get(route('any@shop.example'))?.host).toBe('one.example');
  expect(settings.accounts.get(route('any@else.example'))?.host).toBe('two.example');
});

describe("cPanel's pieces", () => {
  const names = ['routers', 'transports', 'auth'].map((name) => `cpanel/${name}.txt`);

  test('are put together by what is in them; maps are found by their name', async () => {
    const files = [...names, 'cpanel/exim_relays'].toReversed().map(sample);
    const { route, password, settings } = await checked(importExim(files, given({})));
    expect(route('erp@velosi.example')).toBe('gmail-velosi');
    expect(route('any@alliance.example')).toBe('microsoft365-alliance');
    expect(route('nobody@else.example')).toBe('reject');
    expect(password('gmail-velosi')).toBe('abcdefghijklmnop');
    expect(settings.accounts.get('microsoft365-alliance')?.identities).toEqual([
      '@alliance.example',
    ]);
  });

  test('a map that is missing is named, with the line that asks for it', async () => {
    await expect(checked(importExim(names.map(sample), given({})))).rejects.toThrow(
      /routers\.txt:\d+: router send_via_account: it looks into \/etc\/exim_relays, which cannot be read/,
    );
  });

  test.each([
    ['PREROUTERS', 'TRANSPORTSTART'],
    ['POSTMAILCOUNT', 'TRANSPORTEND'],
    ['ROUTEREND', 'TRANSPORTMIDDLE'],
  ])('exim.conf.local has them between its markers: %s, %s', async (before, start) => {
    const [routers, transports, auth] = names.map((name) => sample(name).text);
    const text = `@AUTH@\n${auth}\n@${before}@\n${routers}\n@${start}@\n${transports}\n@CONFIG@\n`;
    const { route } = await checked(
      exim('exim.conf.local', text, { '/etc/exim_relays': sample('cpanel/exim_relays').text }),
    );
    expect(route('erp@velosi.example')).toBe('gmail-velosi');
  });
});

describe("Debian's update-exim4.conf.conf", () => {
  test('the smarthost with the login of passwd.client', async () => {
    const files = ['debian/update-exim4.conf.conf', 'debian/passwd.client'].map(sample);
    const { settings, route, findings, password } = await checked(importExim(files, given({})));
    expect(route('anybody@any.example')).toBe('gmail-velosi');
    expect(password('gmail-velosi')).toBe('pa^ss:word$1');
    expect(settings.clients.get('network')?.networks).toEqual(['10.1.0.0/16']);
    expect(findings.join('\n')).toMatch(/left-out .*:2: mail to app\.shop\.example stayed/);
  });

  test('without a smarthost there is nothing to import', async () => {
    const text = "dc_eximconfig_configtype='internet'\ndc_smarthost=''\n";
    const imported = exim('update-exim4.conf.conf', text);
    await expect(checked(imported)).rejects.toThrow(ImportError);
    await expect(checked(imported)).rejects.toThrow(/names no smarthost/);
  });

  test('without passwd.client the account has no login, and that is said', async () => {
    const text = "dc_eximconfig_configtype='smarthost'\ndc_smarthost='mail.isp.example'\n";
    const { settings, findings } = await checked(exim('update-exim4.conf.conf', text));
    expect(settings.accounts.get('isp')).toMatchObject({ auth: 'none', port: 25 });
    expect(findings.join('\n')).toContain('/etc/exim4/passwd.client cannot be read');
  });
});

test('servers by the domain of the recipient, from a map', async () => {
  const text =
    'domainlist mine = lsearch;/etc/mine\n' +
    `begin routers\nby_domain:\n driver = manualroute\n domains = +mine\n transport = up\n` +
    ' route_data = ${lookup{$domain}lsearch{/etc/routes}}\n' +
    `rest:\n driver = manualroute\n transport = up\n route_list = * mail.isp.example\n` +
    'begin transports\nup:\n driver = smtp\n';
  const maps = {
    '/etc/mine': 'partner.example\nother.example\n',
    '/etc/routes': 'partner.example: mx.partner.example::26\nunused.example: mx.unused.example\n',
  };
  const { route, settings } = await checked(exim('exim.conf', text, maps));
  expect(settings.accounts.get(route('a@b.example', 'x@partner.example'))?.port).toBe(26);
  expect(route('a@b.example', 'x@other.example')).toBe(route('a@b.example'));
  expect(settings.routes).toHaveLength(2);
});

describe('logins', () => {
  const conf = (authenticators: string) =>
    `${router} route_list = * mail.isp.example::587\n${transport}begin authenticators\n${authenticators}`;

  test('CRAM-MD5 by client_name and client_secret', async () => {
    const text = conf('cram:\n driver = cram_md5\n client_name = me\n client_secret = geheim\n');
    const { settings, password } = await checked(exim('exim.conf', text));
    expect(settings.accounts.get('isp')?.username).toBe('me');
    expect(password('isp')).toBe('geheim');
  });

  test('a doubled circumflex and a doubled colon are one each', async () => {
    const text = conf('p:\n driver = plaintext\n client_send = "^me^pa^^s::s"\n');
    expect((await checked(exim('exim.conf', text))).password('isp')).toBe('pa^s:s');
  });

  test('an authenticator whose condition fails is passed over', async () => {
    const text = conf(
      'a:\n driver = plaintext\n client_send = ^a^x\n client_condition = ${if eq{$host}{other}}\n' +
        'b:\n driver = plaintext\n client_send = : b : y\n',
    );
    expect((await checked(exim('exim.conf', text))).settings.accounts.get('isp')?.username).toBe(
      'b',
    );
  });

  test('passwords from a database are named as what they are', async () => {
    const text = conf('p:\n driver = plaintext\n client_send = ^me^${lookup mysql{SELECT x}}\n');
    const { settings, findings } = await checked(exim('exim.conf', text));
    expect(settings.accounts.get('isp')?.auth).toBe('none');
    expect(findings.join('\n')).toMatch(
      /left-out exim\.conf:\d+: authenticator p: it asks a database \(lookup mysql\)/,
    );
  });
});

describe('what the report says', () => {
  const sending = `${router} route_list = * smtp.gmail.com::587\n`;
  const me = `${login} client_send = ^me@shop.example^pw\n`;

  test('senders that are rewritten', async () => {
    const text = `${sending}begin transports\nup:\n driver = smtp\n hosts_try_auth = *\n return_path = noreply@shop.example\n headers_rewrite = * noreply@shop.example f\n${me}`;
    const { yaml, settings } = await checked(exim('exim.conf', text));
    expect(yaml).toContain('rewrite: {from: noreply@shop.example, when: always}');
    expect([...settings.accounts.values()][0]?.identities).toEqual(['noreply@shop.example']);
  });

  test('addresses that `begin rewrite` replaces, from a map', async () => {
    const map = { '/etc/email-addresses': 'cron: cron@shop.example\n' };
    const rules =
      'begin rewrite\n*@host.local.example "${lookup{${local_part}}lsearch{/etc/email-addresses}{$value}fail}" Ffrs\n';
    const text = `${sending}${transport}${me}${rules}`.replace(
      'begin routers',
      'domainlist x = cron@host.local.example\nbegin routers',
    );
    const { yaml } = await checked(exim('exim.conf', text, map));
    expect(yaml).toContain('rewrite: {from: cron@shop.example, when: always}');
  });

  test('several hosts are tried in their order', async () => {
    const text = `${router} route_list = * "a.isp.example::587:b.isp.example::2525" byname\n${transport} fallback_hosts = c.isp.example\n${me}`;
    const { settings } = await checked(exim('exim.conf', text));
    const [route] = settings.routes;
    expect(route?.action).toMatchObject({ accounts: ['a-shop', 'b-shop', 'c-shop'] });
    expect(settings.accounts.get('b-shop')).toMatchObject({ host: 'b.isp.example', port: 2525 });
  });

  test('options that nothing here is like', async () => {
    const text = `${sending}${transport} shadow_transport = copy\n interface = 203.0.113.7\n socks_proxy = 10.0.0.1 port=1081\n${me}`;
    const { findings, settings } = await checked(exim('exim.conf', text));
    expect(findings.join('\n')).toContain(
      'shadow_transport of transport up: relayd has no such setting',
    );
    expect([...settings.accounts.values()][0]).toMatchObject({
      sourceAddress: '203.0.113.7',
      proxy: { is: 'socks5', host: '10.0.0.1', port: 1081 },
    });
  });

  test('direct delivery is refused in words', async () => {
    const text =
      'begin routers\nmine:\n driver = manualroute\n senders = me@shop.example\n route_list = * smtp.gmail.com::587\n transport = up\n' +
      `mx:\n driver = dnslookup\n transport = direct\n${transport}direct:\n driver = smtp\n${me}`;
    const { route, findings } = await checked(exim('exim.conf', text));
    expect(route('me@shop.example')).toBe('gmail-shop');
    expect(route('you@shop.example')).toBe('reject');
    expect(findings.join('\n')).toMatch(
      /router mx \(dnslookup\): relayd does not deliver to the recipients/,
    );
  });

  test('files that are no configuration', () => {
    expect(() => exim('notes.txt', 'just words\n')).toThrow(/none of the files is a configuration/);
    expect(() => exim('empty', '')).toThrow(ImportError);
  });
});
