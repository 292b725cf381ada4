import type { DomainFacts } from '../config/provider-domain.ts';
import type { Account } from '../relay/account.ts';
import { aligns, type DmarcView } from './dmarc.ts';
import type { Dns } from './dns-lookup.ts';
import { domainOf } from './domain-senders.ts';
import { readSpf, type SpfView, withInclude } from './spf.ts';

/** One thing found out about a domain, and the record that would mend it. */
export interface Finding {
  readonly about: 'spf' | 'dkim' | 'dmarc' | 'alignment' | 'verification';
  readonly level: 'ok' | 'problem' | 'warning' | 'unknown';
  readonly text: string;
  readonly publish: readonly DnsRecord[];
}

export interface DnsRecord {
  readonly name: string;
  readonly type: 'TXT' | 'CNAME';
  readonly value: string;
}

export interface AccountFindings {
  readonly account: string;
  readonly provider: string | null;
  /** Whether DMARC passes at the recipients; null: it cannot be told from here. */
  readonly aligned: boolean | null;
  readonly findings: readonly Finding[];
}

export interface Asked {
  readonly domain: string;
  readonly account: Account;
  /** What is known of the account's provider; null: nothing. */
  readonly facts: DomainFacts | null;
  readonly title: string;
  /** Given by hand, in place of the provider's. */
  readonly selectors: readonly string[];
  readonly dmarc: DmarcView;
  readonly dns: Dns;
}

/** A finding together with whether it authenticates the From field; null: not known. */
interface Mechanism {
  readonly findings: readonly Finding[];
  readonly aligned: boolean | null;
}

export async function findingsFor(asked: Asked): Promise<AccountFindings> {
  if (asked.facts?.own.includes(asked.domain) === true) return ownOfProvider(asked);
  const spf = await spfOf(asked);
  const dkim = await dkimOf(asked);
  const aligned = spf.aligned === true || dkim.aligned === true ? true : unlessUnknown(spf, dkim);
  const { account } = asked;
  const verification = await verificationOf(asked);
  return {
    account: account.name,
    provider: account.provider,
    aligned,
    findings: [
      ...spf.findings,
      ...dkim.findings,
      ...verification,
      alignment(asked, { aligned, spf, dkim }),
    ],
  };
}

function ownOfProvider({ account, domain, title }: Asked): AccountFindings {
  const text = `${domain} belongs to ${title}: nothing is to be published`;
  const { name, provider } = account;
  return { account: name, provider, aligned: true, findings: [finding('alignment', 'ok', text)] };
}

function unlessUnknown(spf: Mechanism, dkim: Mechanism): boolean | null {
  return spf.aligned === null || dkim.aligned === null ? null : false;
}

/** The domain the account signs for, and that its reverse-path has, when both are its own. */
function ownDomain({ account, domain, facts }: Asked): string {
  const own = facts?.reverse_path === 'username' && account.username?.includes('@') === true;
  return own ? domainOf(account.username ?? '') : domain;
}

async function spfOf(asked: Asked): Promise<Mechanism> {
  const { dns, dmarc, domain, facts, title } = asked;
  if (facts === null) {
    const text = `which servers ${title} sends from is not known: ask its documentation for an include`;
    return { findings: [finding('spf', 'unknown', text)], aligned: null };
  }
  if (facts.reverse_path === 'replaced' || facts.spf_include === undefined) {
    const text = `${title} sends with a reverse-path of its own unless told otherwise: SPF of ${domain} is not asked`;
    return { findings: [finding('spf', 'ok', text)], aligned: false };
  }
  const owner = ownDomain(asked);
  const view = await readSpf(owner, dns);
  const included = view.includes.has(facts.spf_include);
  const strict = dmarc.strict.spf;
  const { organisation } = dmarc;
  return {
    findings: [...faultsOf(owner, view), inclusion(asked, { owner, view, included })],
    aligned:
      included && view.faults.length === 0 && aligns(domain, owner, { organisation, strict }),
  };
}

function faultsOf(owner: string, { faults }: SpfView): Finding[] {
  return faults.map((fault) =>
    finding('spf', 'problem', `SPF of ${owner} does not hold: ${fault} (RFC 7208 section 4)`),
  );
}

function inclusion(
  { facts, title }: Asked,
  { owner, view, included }: { owner: string; view: SpfView; included: boolean },
): Finding {
  const target = facts?.spf_include ?? '';
  if (included) {
    const text = `SPF of ${owner} includes ${title} (${view.lookups} of 10 DNS lookups)`;
    return finding('spf', 'ok', text);
  }
  const text =
    view.record === null
      ? `${owner} has no SPF record`
      : `SPF of ${owner} does not include ${title} (${target})`;
  const value = withInclude(view.record, target);
  return finding('spf', 'problem', text, [{ name: owner, type: 'TXT', value }]);
}

async function dkimOf(asked: Asked): Promise<Mechanism> {
  const { dmarc, domain, facts, title } = asked;
  const selectors = asked.selectors.length > 0 ? asked.selectors : (facts?.dkim.selectors ?? []);
  if (selectors.length === 0) {
    const hint = facts === null ? '' : ` ${facts.dkim.hint}`;
    const text = `the selectors of ${title} differ from customer to customer: name yours with --selector.${hint}`;
    return { findings: [finding('dkim', 'unknown', text)], aligned: null };
  }
  const owner = ownDomain(asked);
  const looked = await Promise.all(selectors.map((selector) => lookAt(selector, owner, asked)));
  const there = looked.filter(({ level }) => level === 'ok');
  const one = asked.selectors.length === 0 && facts?.dkim.needed === 'one';
  const complete = one ? there.length > 0 : there.length === looked.length;
  const { organisation } = dmarc;
  return {
    findings: one && there.length > 0 ? there : looked,
    aligned: complete && aligns(domain, owner, { organisation, strict: dmarc.strict.dkim }),
  };
}

async function lookAt(selector: string, owner: string, { dns, facts }: Asked): Promise<Finding> {
  const name = `${selector}._domainkey.${owner}`;
  const template = facts?.dkim.cname?.replace('{selector}', selector).replace('{domain}', owner);
  const [[target], keys] = await Promise.all([dns.cname(name), dns.txt(name)]);
  // RFC 6376 section 3.6.1: an empty p= is a key that was revoked.
  const key = keys.find((text) => /(?:^|;)\s*p=\s*[A-Za-z0-9+/]/.test(text));
  const wrongWay = template !== undefined && target !== undefined && !fits(template, target);
  if (wrongWay) {
    const text = `${name} points to ${target}, not to the provider`;
    return finding('dkim', 'problem', text, published(name, template));
  }
  if (key !== undefined) return finding('dkim', 'ok', `${name} has a key`);
  if (target !== undefined) {
    return finding('dkim', 'problem', `${name} points to ${target}, where there is no key`);
  }
  const hint = facts === null ? '' : `. ${facts.dkim.hint}`;
  const what = keys.length > 0 ? 'has no key that is valid' : 'is not there';
  return finding('dkim', 'problem', `${name} ${what}${hint}`, published(name, template));
}

/** Records that the provider makes for each customer cannot be known: its words say where to look. */
function published(name: string, template: string | undefined): DnsRecord[] {
  return template === undefined
    ? [{ name, type: 'TXT', value: 'v=DKIM1; k=rsa; p=(the key that the provider shows)' }]
    : [{ name, type: 'CNAME', value: template.replace('*', '(as the provider shows)') }];
}

function fits(template: string, target: string): boolean {
  const [head = '', tail = ''] = template.toLowerCase().split('*');
  const name = target.toLowerCase().replace(/\.$/, '');
  return template.includes('*') ? name.startsWith(head) && name.endsWith(tail) : name === head;
}

async function verificationOf({ dns, domain, facts, title }: Asked): Promise<Finding[]> {
  if (facts?.verification === undefined) return [];
  const name = `${facts.verification}.${domain}`;
  const there = (await dns.txt(name)).length > 0;
  const text = there
    ? `${name} is there: ${title} was shown once that the domain is yours`
    : `${name} is not there; the DKIM records alone prove to ${title} that the domain is yours`;
  return [finding('verification', 'ok', text)];
}

function alignment(
  { dmarc, domain, title }: Asked,
  { aligned, spf, dkim }: { aligned: boolean | null; spf: Mechanism; dkim: Mechanism },
): Finding {
  if (aligned === true) {
    const by = [...(spf.aligned ? ['SPF'] : []), ...(dkim.aligned ? ['DKIM'] : [])].join(' and ');
    return finding('alignment', 'ok', `From ${domain} through ${title} aligns by ${by}`);
  }
  if (aligned === null) {
    return finding(
      'alignment',
      'unknown',
      `whether From ${domain} aligns cannot be told from here`,
    );
  }
  const asked =
    dmarc.policy === 'none' ? 'DMARC asks for nothing' : `DMARC asks to ${dmarc.policy}`;
  const text = `From ${domain} through ${title} aligns neither by SPF nor by DKIM; ${asked}`;
  return finding('alignment', dmarc.policy === 'none' ? 'warning' : 'problem', text);
}

export function finding(
  about: Finding['about'],
  level: Finding['level'],
  text: string,
  publish: readonly DnsRecord[] = [],
): Finding {
  return { about, level, text, publish };
}
