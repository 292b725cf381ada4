import type { Dns } from './dns-lookup.ts';

export interface DmarcView {
  /** Name of the record that holds for the domain; null: there is none. */
  readonly at: string | null;
  readonly record: string | null;
  readonly policy: 'none' | 'quarantine' | 'reject';
  /** Whether the DKIM domain, or the reverse-path's, has to be the From field's own. */
  readonly strict: { readonly dkim: boolean; readonly spf: boolean };
  /** Below it domains belong together: where the record was found, else the domain itself. */
  readonly organisation: string;
}

/** Names longer than this many labels do not send mail, and the walk must end. */
const labelsMax = 8;

/**
 * The DMARC record of a domain or of the nearest parent that has one. There is no list of public
 * suffixes: top-level names are not asked.
 */
export async function readDmarc(domain: string, dns: Dns): Promise<DmarcView> {
  const labels = domain.split('.').slice(-labelsMax);
  for (let skipped = 0; labels.length - skipped >= 2; skipped++) {
    const owner = labels.slice(skipped).join('.');
    const at = `_dmarc.${owner}`;
    const record = (await dns.txt(at)).find((text) => /^v=DMARC1\s*(?:;|$)/i.test(text));
    if (record !== undefined) return viewOf(record, { at, owner, inherited: owner !== domain });
  }
  const strict = { dkim: false, spf: false };
  return { at: null, record: null, policy: 'none', strict, organisation: domain };
}

function viewOf(
  record: string,
  { at, owner, inherited }: { at: string; owner: string; inherited: boolean },
): DmarcView {
  const tags = new Map(
    record.split(';').map((tag) => {
      const [name = '', value = ''] = tag.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().toLowerCase()];
    }),
  );
  // RFC 7489 section 6.3: sp is for subdomains, and p when it is not there.
  const asked = (inherited ? tags.get('sp') : undefined) ?? tags.get('p');
  return {
    at,
    record,
    policy: asked === 'reject' || asked === 'quarantine' ? asked : 'none',
    strict: { dkim: tags.get('adkim') === 's', spf: tags.get('aspf') === 's' },
    organisation: owner,
  };
}

/** RFC 7489 section 3.1: whether a domain that was authenticated speaks for the From field's. */
export function aligns(
  from: string,
  authenticated: string,
  { organisation, strict }: { readonly organisation: string; readonly strict: boolean },
): boolean {
  if (from === authenticated) return true;
  if (strict) return false;
  const within = (name: string, parent: string): boolean => name.endsWith(`.${parent}`);
  if (within(from, authenticated) || within(authenticated, from)) return true;
  return from !== organisation && within(authenticated, organisation);
}
