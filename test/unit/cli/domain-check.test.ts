import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { aligns } from '../../../src/cli/dmarc.ts';
import type { DomainsReport } from '../../../src/cli/domain.ts';
import type { Finding } from '../../../src/cli/domain-findings.ts';
import { withInclude } from '../../../src/cli/spf.ts';
import { startDns, type Zone } from '../../support/dns.ts';
import { temporaryDirectory } from '../config/temporary-file.ts';
import { relayctl } from './harness.ts';

const gmail = '{provider: gmail, username: erp@shop.example, password: abcdefghijklmnop}';
const key = 'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC7';
const google: Zone = {
  '_spf.google.com': { TXT: ['v=spf1 include:_netblocks.google.com ~all'] },
  '_netblocks.google.com': { TXT: ['v=spf1 ip4:192.0.2.0/24 ~all'] },
};

function relayYaml(account: string, sender = '@shop.example'): string {
  const file = join(temporaryDirectory(), 'relay.yaml');
  writeFileSync(
    file,
    `clients:
  shop: {password: shop-password, senders: ["${sender}"]}
accounts:
  up: ${account}
routes:
  - {sender: "${sender}", accounts: [up]}
`,
  );
  chmodSync(file, 0o600);
  return file;
}

async function check(zone: Zone, account: string, rest = '') {
  const dns = await startDns(zone);
  onTestFinished(() => dns.close());
  const line = `domain check --resolver ${dns.address} --config ${relayYaml(account)} ${rest}`;
  const ran = await relayctl(`--json ${line}`);
  const report = JSON.parse(ran.out || ran.err) as DomainsReport;
  const [first] = report.domains;
  const findings = [...(first?.findings ?? []), ...(first?.accounts[0]?.findings ?? [])];
  const about = (what: Finding['about']) => findings.filter((one) => one.about === what);
  return { ...ran, report, first, about, asked: dns.asked, line };
}

const complete: Zone = {
  ...google,
  'shop.example': { TXT: ['a site key', 'v=spf1 mx include:_spf.google.com -all'] },
  'google._domainkey.shop.example': { TXT: [key.padEnd(400, 'A')] },
  '_dmarc.shop.example': { TXT: ['v=DMARC1; p=reject; adkim=s'] },
};

test('gmail with all records in place: aligned, nothing to publish', async () => {
  const { exitCode, report, first, about, asked } = await check(complete, gmail);
  expect(exitCode).toBe(0);
  expect(report.ok).toBe(true);
  expect(report.domains.map(({ domain }) => domain)).toEqual(['shop.example']);
  expect(first?.dmarc).toEqual({ at: '_dmarc.shop.example', policy: 'reject' });
  expect(first?.accounts[0]).toMatchObject({ account: 'up', provider: 'gmail', aligned: true });
  expect(about('spf')[0]?.text).toContain('(3 of 10 DNS lookups)');
  expect(about('alignment')[0]?.text).toContain('aligns by SPF and DKIM');
  expect(asked.filter((name) => name === 'TXT shop.example')).toHaveLength(1);
});

test('gmail with none of them: each finding has its record, the old SPF is kept', async () => {
  const zone = {
    ...google,
    'shop.example': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
    '_dmarc.shop.example': { TXT: ['v=DMARC1; p=quarantine'] },
  };
  const { exitCode, first, about } = await check(zone, gmail);
  expect(exitCode).toBe(65);
  expect(first?.accounts[0]?.aligned).toBe(false);
  expect(about('spf')[0]?.publish).toEqual([
    {
      name: 'shop.example',
      type: 'TXT',
      value: 'v=spf1 ip4:192.0.2.1 include:_spf.google.com -all',
    },
  ]);
  expect(about('dkim')[0]?.publish[0]?.name).toBe('google._domainkey.shop.example');
  expect(about('alignment')[0]).toMatchObject({
    level: 'problem',
    text: expect.stringContaining('DMARC asks to quarantine'),
  });
});

test('without DMARC a From that does not align is a warning, and a record is offered', async () => {
  const { about } = await check({ 'shop.example': {} }, gmail);
  expect(about('dmarc')[0]).toMatchObject({
    level: 'warning',
    publish: [{ name: '_dmarc.shop.example', type: 'TXT', value: 'v=DMARC1; p=none' }],
  });
  expect(about('spf')[0]?.publish[0]?.value).toBe('v=spf1 include:_spf.google.com ~all');
  expect(about('alignment')[0]?.level).toBe('warning');
});

test.each<[string, Zone, string]>([
  [
    'too many lookups',
    {
      'shop.example': {
        TXT: [`v=spf1 include:_spf.google.com ${'a:x.example '.repeat(9)}-all`],
      },
    },
    'it takes 11 DNS lookups, and receivers stop at 10',
  ],
  [
    'two records',
    { 'shop.example': { TXT: ['v=spf1 include:_spf.google.com -all', 'v=spf1 -all'] } },
    'shop.example has 2 SPF records',
  ],
  [
    'an include without a record',
    { 'shop.example': { TXT: ['v=spf1 include:_spf.google.com include:gone.example -all'] } },
    'gone.example is included and has no SPF record',
  ],
  [
    'an include of itself',
    { 'shop.example': { TXT: ['v=spf1 include:shop.example include:_spf.google.com -all'] } },
    'shop.example includes itself',
  ],
])('an SPF record with %s does not hold, though the provider is in it', async (_, zone, text) => {
  const { about, first } = await check({ ...google, ...zone }, gmail);
  expect(about('spf')[0]).toMatchObject({ level: 'problem', text: expect.stringContaining(text) });
  expect(first?.accounts[0]?.aligned).toBe(false);
});

const ses =
  '{provider: ses, region: eu-west-1, username: AKIAIOSFODNN7EXAMPLE, identities: ["@shop.example"], ' +
  'secret_access_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}';

test('ses: its tokens are not known, which is said; named, they are looked up', async () => {
  const zone: Zone = {
    'tok1._domainkey.shop.example': { CNAME: 'tok1.dkim.amazonses.com' },
    'tok1.dkim.amazonses.com': { TXT: [`p=${key.slice(-20)}`] },
    '_amazonses.shop.example': { TXT: ['abc='] },
  };
  const unknown = await check(zone, ses);
  expect(unknown.about('dkim')[0]).toMatchObject({ level: 'unknown' });
  expect(unknown.first?.accounts[0]?.aligned).toBeNull();
  expect(unknown.about('verification')[0]?.text).toContain('_amazonses.shop.example is there');
  const named = await check(zone, ses, '--selector tok1 --selector tok2');
  expect(named.about('dkim').map(({ level }) => level)).toEqual(['ok', 'problem']);
  expect(named.about('dkim')[1]?.publish).toEqual([
    {
      name: 'tok2._domainkey.shop.example',
      type: 'CNAME',
      value: 'tok2.dkim.amazonses.com',
    },
  ]);
});

const sendgrid = '{provider: sendgrid, password: SG.key}';

test('sendgrid: both CNAMEs have to point to it and to lead to a key', async () => {
  const at = (selector: string) => `${selector}.domainkey.u12.wl345.sendgrid.net`;
  const zone: Zone = {
    's1._domainkey.shop.example': { CNAME: at('s1') },
    [at('s1')]: { TXT: [key] },
    's2._domainkey.shop.example': { CNAME: 's2.elsewhere.example' },
  };
  const { about, first } = await check(zone, sendgrid);
  expect(about('dkim').map(({ level }) => level)).toEqual(['ok', 'problem']);
  expect(about('dkim')[1]?.text).toContain('points to s2.elsewhere.example, not to the provider');
  expect(first?.accounts[0]?.aligned).toBe(false);
  const mended = { ...zone, 's2._domainkey.shop.example': { CNAME: at('s2') } };
  const dangling = await check(mended, sendgrid);
  expect(dangling.about('dkim')[1]?.text).toContain('where there is no key');
  const whole = await check({ ...mended, [at('s2')]: { TXT: [key] } }, sendgrid);
  expect(whole.first?.accounts[0]?.aligned).toBe(true);
  expect(whole.about('spf')[0]?.text).toContain('reverse-path of its own');
});

test('mailgun signs for the domain of its username: aligned when DMARC is not strict', async () => {
  const account = '{provider: mailgun, username: postmaster@mg.shop.example, password: x-key}';
  const zone: Zone = {
    'mg.shop.example': { TXT: ['v=spf1 include:mailgun.org ~all'] },
    'mailgun.org': { TXT: ['v=spf1 ip4:192.0.2.0/24 ~all'] },
    'pic._domainkey.mg.shop.example': { TXT: [key] },
    '_dmarc.shop.example': { TXT: ['v=DMARC1; p=reject'] },
  };
  const relaxed = await check(zone, `${account.slice(0, -1)}, identities: ["@shop.example"]}`);
  expect(relaxed.first?.accounts[0]?.aligned).toBe(true);
  const strict = {
    ...zone,
    '_dmarc.shop.example': { TXT: ['v=DMARC1; p=reject; adkim=s; aspf=s'] },
  };
  const refused = await check(strict, `${account.slice(0, -1)}, identities: ["@shop.example"]}`);
  expect(refused.first?.accounts[0]?.aligned).toBe(false);
  expect(refused.exitCode).toBe(65);
});

test('a host without a preset: what is not known is said, not guessed', async () => {
  const account = '{host: mail.old.example, username: u@shop.example, password: x-key}';
  const { about, first, exitCode } = await check(complete, account);
  expect(first?.accounts[0]).toMatchObject({ provider: null, aligned: null });
  expect(about('dkim')[0]?.text).toContain('name yours with --selector');
  expect(exitCode).toBe(0);
  const named = await check(complete, account, '--selector google');
  expect(named.first?.accounts[0]?.aligned).toBe(true);
});

test('a domain of the provider itself needs nothing', async () => {
  const dns = await startDns({ '_dmarc.icloud.com': { TXT: ['v=DMARC1; p=quarantine'] } });
  onTestFinished(() => dns.close());
  const account = '{provider: icloud, username: me@icloud.com, password: aaaa-bbbb-cccc-dddd}';
  const file = relayYaml(account, 'me@icloud.com');
  const ran = await relayctl(`domain check --resolver ${dns.address} --config ${file}`);
  expect(ran.exitCode).toBe(0);
  expect(ran.out).toContain('nothing is to be published');
  expect(ran.out).not.toContain('problem');
});

test('domains can be named; one that no account may send for is noticed', async () => {
  const zone = { ...complete, '_dmarc.other.example': { TXT: ['v=DMARC1; p=none; sp=reject'] } };
  const { report } = await check(zone, gmail, 'sub.other.example. SHOP.example');
  expect(report.domains.map(({ domain }) => domain)).toEqual(['sub.other.example', 'shop.example']);
  expect(report.domains[0]).toMatchObject({
    dmarc: { at: '_dmarc.other.example', policy: 'reject' },
    accounts: [],
  });
  expect(report.domains[0]?.findings.at(-1)?.text).toBe(
    'no account may send for sub.other.example',
  );
});

test('people get one block a domain, with the records to publish', async () => {
  const { line } = await check({ ...google, 'shop.example': {} }, gmail);
  const { out } = await relayctl(line);
  expect(out).toMatch(/^shop\.example\n {2}warning +shop\.example has no DMARC record/);
  expect(out).toContain('\n  account up (gmail)\n    problem  shop.example has no SPF record\n');
  expect(out).toContain('publish: shop.example TXT "v=spf1 include:_spf.google.com ~all"\n');
});

test('a DNS server that is not there is no missing record: exit code 75', async () => {
  const dns = await startDns({});
  await dns.close();
  const file = relayYaml(gmail);
  const ran = await relayctl(`domain check --resolver ${dns.address} --config ${file}`);
  expect(ran.exitCode).toBe(75);
  expect(ran.err).toContain('no answer from the DNS for _dmarc.shop.example');
});

test.each([
  'domain check --resolver dns.example',
  'domain check nodots',
  'domain check --selector a_b!',
])('%s is a usage error', async (line) => {
  expect((await relayctl(line)).exitCode).toBe(64);
});

test.each([
  ['v=spf1 -all', 'v=spf1 include:x.example -all'],
  ['v=spf1 mx redirect=y.example', 'v=spf1 mx include:x.example redirect=y.example'],
  ['v=spf1 mx', 'v=spf1 mx include:x.example'],
])('an include goes before the end of %s', (record, expected) => {
  expect(withInclude(record, 'x.example')).toBe(expected);
});

test('alignment: relaxed within the organisation, strict for the very domain', () => {
  const relaxed = { organisation: 'shop.example', strict: false };
  expect(aligns('shop.example', 'mg.shop.example', relaxed)).toBe(true);
  expect(aligns('a.shop.example', 'b.shop.example', relaxed)).toBe(true);
  expect(aligns('shop.example', 'other.example', relaxed)).toBe(false);
  expect(aligns('a.shop.example', 'shop.example', { ...relaxed, strict: true })).toBe(false);
});
