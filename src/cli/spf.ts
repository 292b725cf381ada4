import type { Dns } from './dns-lookup.ts';

/** What a domain's SPF record lets in, includes followed. */
export interface SpfView {
  /** Null: the domain has none. */
  readonly record: string | null;
  /** Every domain included with a pass, at any depth. */
  readonly includes: ReadonlySet<string>;
  readonly lookups: number;
  /** What makes receivers give up on the record, in words. */
  readonly faults: readonly string[];
}

/** RFC 7208 section 4.6.4: terms that make receivers ask the DNS. */
export const spfLookupsMax = 10;
/** Far beyond what receivers follow, so that the true number can be said. */
const followedMax = 40;

interface Walk {
  readonly dns: Dns;
  readonly includes: Set<string>;
  readonly faults: string[];
  lookups: number;
}

export async function readSpf(domain: string, dns: Dns): Promise<SpfView> {
  const walk: Walk = { dns, includes: new Set(), faults: [], lookups: 0 };
  const record = await follow(domain, walk, [domain]);
  const { includes, lookups, faults } = walk;
  if (lookups > spfLookupsMax) {
    faults.push(`it takes ${lookups} DNS lookups, and receivers stop at ${spfLookupsMax}`);
  }
  return { record, includes, lookups, faults };
}

async function follow(
  domain: string,
  walk: Walk,
  trail: readonly string[],
): Promise<string | null> {
  const texts = await walk.dns.txt(domain);
  const records = texts.filter((text) => /^v=spf1(?: |$)/i.test(text));
  const [record] = records;
  if (records.length > 1) {
    walk.faults.push(`${domain} has ${records.length} SPF records, and only one may be there`);
  }
  if (record === undefined) {
    if (trail.length > 1) walk.faults.push(`${domain} is included and has no SPF record`);
    return null;
  }
  const terms = record.toLowerCase().split(/ +/).slice(1);
  const hasAll = terms.some((term) => /^[+?~-]?all$/.test(term));
  for (const term of terms) {
    // RFC 7208 section 6.1: redirect counts only without all.
    const isRedirect = term.startsWith('redirect=');
    if (isRedirect && hasAll) continue;
    const asks = isRedirect || /^[+?~-]?(?:include:|exists:|(?:a|mx|ptr)(?:[:/]|$))/.test(term);
    if (asks) walk.lookups++;
    const [, target] = /^(?:\+?include:|redirect=)(.+)$/.exec(term) ?? [];
    // A macro depends on the message.
    if (target === undefined || target.includes('%') || walk.lookups > followedMax) continue;
    if (trail.includes(target)) {
      walk.faults.push(`${target} includes itself`);
      continue;
    }
    walk.includes.add(target);
    await follow(target, walk, [...trail, target]);
  }
  return record;
}

/** The record with one more include, before the `all` that ends it; a new one for none. */
export function withInclude(record: string | null, target: string): string {
  const include = `include:${target}`;
  if (record === null) return `v=spf1 ${include} ~all`;
  const end = / (?:[+?~-]?all|redirect=\S+)\s*$/i.exec(record);
  if (end === null) return `${record.trimEnd()} ${include}`;
  return `${record.slice(0, end.index)} ${include}${record.slice(end.index).trimEnd()}`;
}
