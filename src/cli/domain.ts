import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import type { Account } from '../relay/account.ts';
import { comparableDomain } from '../relay/address.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import type { Dns } from './dns-lookup.ts';
import type { AccountFindings, Finding } from './domain-findings.ts';
import { Failure } from './failure.ts';
import { settingsOf } from './load.ts';

/** `relayctl domain ...` */
export function addDomain(program: Command, context: Context): void {
  const domain = noun(
    program,
    'domain',
    'see whether sender domains are set up for their accounts',
  );
  const check = domain
    .command('check')
    .description('look up SPF, DKIM and DMARC of sender domains, and say what to publish')
    .argument('[domain...]', 'default: every sender domain of the configuration file', readDomains)
    .option('--resolver <address>', 'DNS server to ask, as 192.0.2.53 or 192.0.2.53:53', readServer)
    .option(
      '--selector <name>',
      'a DKIM selector or token of yours; may be repeated',
      readSelector,
    );
  annotate(check, {
    examples: [
      ['domain check', 'Works without the daemon. Exit code 65 when something is to be mended.'],
      ['domain check shop.example --selector abc123 --resolver 192.0.2.53', 'With a token of SES.'],
    ],
    json: '{ok, domains: {domain, dmarc: {at, policy}, findings[], accounts: {account, ...}[]}[]}',
  });
  onAction(check, context, async (invocation) => {
    const report = await checkDomains(invocation);
    invocation.print(report, () => report.domains.map(render).join('\n'));
    return report.ok ? EX_OK : EX_DATAERR;
  });
}

/** What `relayctl domain check --json` prints. */
export interface DomainsReport {
  /** Nothing is a problem. */
  readonly ok: boolean;
  readonly domains: readonly DomainReport[];
}

export interface DomainReport {
  readonly domain: string;
  readonly dmarc: { readonly at: string | null; readonly policy: string };
  /** About the domain whatever the account. */
  readonly findings: readonly Finding[];
  readonly accounts: readonly AccountFindings[];
}

async function checkDomains({ args, io, location, options }: Invocation): Promise<DomainsReport> {
  const [settings, { openDns }, { accountsFor, senderDomains }] = await Promise.all([
    settingsOf(location, io),
    import('./dns-lookup.ts'),
    import('./domain-senders.ts'),
  ]);
  const given = (args[0] as readonly string[] | undefined) ?? [];
  const domains = given.length > 0 ? given : senderDomains(settings);
  if (domains.length === 0) {
    const text = 'the configuration file names no sender domain; give one';
    throw new Failure('no-domain', EX_DATAERR, text);
  }
  const dns = openDns((options.resolver as string | undefined) ?? null);
  const selectors = (options.selector as readonly string[] | undefined) ?? [];
  const reports: DomainReport[] = [];
  for (const domain of domains) {
    const accounts = accountsFor(domain, settings);
    reports.push(await checkOne(domain, accounts, { dns, selectors }));
  }
  const all = reports.flatMap((one) => [
    ...one.findings,
    ...one.accounts.flatMap((a) => a.findings),
  ]);
  return { ok: all.every(({ level }) => level !== 'problem'), domains: reports };
}

async function checkOne(
  domain: string,
  accounts: readonly Account[],
  { dns, selectors }: { readonly dns: Dns; readonly selectors: readonly string[] },
): Promise<DomainReport> {
  const [{ readDmarc }, { finding, findingsFor }, { readPreset }] = await Promise.all([
    import('./dmarc.ts'),
    import('./domain-findings.ts'),
    import('../config/presets.ts'),
  ]);
  const dmarc = await readDmarc(domain, dns);
  const checked = accounts.map((account) => {
    const preset = account.provider === null ? null : readPreset(account.provider);
    const title = preset?.title ?? account.host;
    const facts = preset?.domain ?? null;
    return findingsFor({ domain, account, facts, title, selectors, dmarc, dns });
  });
  const value = 'v=DMARC1; p=none';
  const demand =
    dmarc.at === null
      ? finding(
          'dmarc',
          'warning',
          `${domain} has no DMARC record, which large recipients ask for`,
          [{ name: `_dmarc.${domain}`, type: 'TXT', value }],
        )
      : finding('dmarc', 'ok', `${dmarc.at} asks for ${dmarc.policy}${strictness(dmarc.strict)}`);
  const unused = finding('alignment', 'warning', `no account may send for ${domain}`);
  return {
    domain,
    dmarc: { at: dmarc.at, policy: dmarc.policy },
    findings: accounts.length === 0 ? [demand, unused] : [demand],
    accounts: await Promise.all(checked),
  };
}

function strictness({ dkim, spf }: { readonly dkim: boolean; readonly spf: boolean }): string {
  const parts = [...(dkim ? ['DKIM'] : []), ...(spf ? ['SPF'] : [])];
  return parts.length === 0 ? '' : `, strictly for ${parts.join(' and ')}`;
}

function render({ accounts, domain, findings }: DomainReport): string {
  const blocks = accounts.map(
    ({ account, findings: own, provider }) =>
      `  account ${printable(account)}${provider === null ? '' : ` (${provider})`}\n` +
      own.map((one) => findingText(one, '    ')).join(''),
  );
  const own = findings.map((one) => findingText(one, '  ')).join('');
  return `${printable(domain)}\n${own}${blocks.join('')}`;
}

function findingText({ level, publish, text }: Finding, indent: string): string {
  const records = publish.map(
    ({ name, type, value }) =>
      `${indent}         publish: ${printable(name)} ${type} ${printable(type === 'TXT' ? `"${value}"` : value)}\n`,
  );
  return `${indent}${level.padEnd(8)} ${printable(text)}\n${records.join('')}`;
}

function readDomains(text: string, previous: readonly string[] = []): readonly string[] {
  const domain = comparableDomain(text.replace(/\.$/, ''));
  if (!/^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)+[a-z0-9-]+$/.test(domain)) {
    throw new InvalidArgumentError('A domain is written like shop.example.');
  }
  return [...new Set([...previous, domain])];
}

function readServer(text: string): string {
  const [, address = text] = /^\[?([^\]]+?)\]?(?::\d{1,5})?$/.exec(text) ?? [];
  if (isIP(text) === 0 && isIP(address) === 0) {
    throw new InvalidArgumentError('It is an address, with :PORT when it is not 53.');
  }
  return text;
}

function readSelector(text: string, previous: readonly string[] = []): readonly string[] {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)) {
    throw new InvalidArgumentError('A selector is what stands before ._domainkey.');
  }
  return [...previous, text];
}
