import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startDnsmasq } from '../support/dnsmasq.ts';

const relayctl = join(import.meta.dirname, '..', '..', 'src', 'cli', 'relayctl.ts');

function relayYaml(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-peers-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'relay.yaml');
  writeFileSync(
    file,
    `clients:
  shop: {password: shop-password, senders: ["@shop.example", "@news.example"]}
accounts:
  gmail: {provider: gmail, username: erp@shop.example, password: abcdefghijklmnop}
  grid: {provider: sendgrid, password: SG.key, identities: ["@news.example"]}
routes:
  - {sender: "@shop.example", accounts: [gmail]}
  - {sender: "@news.example", accounts: [grid]}
`,
  );
  chmodSync(file, 0o600);
  return file;
}

async function check(lines: readonly string[]) {
  const dns = await startDnsmasq(lines);
  onTestFinished(() => dns.close());
  const words = ['domain', 'check', '--resolver', dns.address, '--config', relayYaml()];
  const run = promisify(execFile)(process.execPath, [relayctl, ...words]);
  const [settled] = await Promise.allSettled([run]);
  return settled.status === 'fulfilled'
    ? { exitCode: 0, out: settled.value.stdout }
    : { exitCode: settled.reason.code as number, out: settled.reason.stdout as string };
}

const half = 'A'.repeat(200);
const inPlace = [
  'txt-record=shop.example,"v=spf1 mx include:_spf.google.com -all"',
  'txt-record=_spf.google.com,"v=spf1 ip4:192.0.2.0/24 ~all"',
  // A key is longer than one string of a TXT record can be.
  `txt-record=google._domainkey.shop.example,"v=DKIM1; k=rsa; p=${half}","${half}"`,
  'txt-record=_dmarc.shop.example,"v=DMARC1; p=reject"',
  'txt-record=_dmarc.news.example,"v=DMARC1; p=quarantine"',
  ...['s1', 's2'].flatMap((selector) => [
    `cname=${selector}._domainkey.news.example,${selector}.domainkey.u1.wl2.sendgrid.net`,
    `txt-record=${selector}.domainkey.u1.wl2.sendgrid.net,"k=rsa; p=${half}"`,
  ]),
];

test('a real DNS server: everything in place', async () => {
  const { exitCode, out } = await check(inPlace);
  expect(out).toContain(
    'From shop.example through Gmail and Google Workspace aligns by SPF and DKIM',
  );
  expect(out).toContain('From news.example through Twilio SendGrid aligns by DKIM');
  expect(out).not.toContain('publish:');
  expect(exitCode).toBe(0);
});

test('a real DNS server: names that are not there', async () => {
  const { exitCode, out } = await check(inPlace.filter((line) => !line.includes('_domainkey')));
  expect(out).toContain('google._domainkey.shop.example is not there');
  expect(out).toContain('publish: s1._domainkey.news.example CNAME s1.domainkey.');
  expect(exitCode).toBe(65);
});
