import type { Account } from '../relay/account.ts';
import { comparableDomain } from '../relay/address.ts';
import { matchesAddress, matchesAny } from '../relay/address-pattern.ts';
import type { Settings } from '../relay/settings.ts';

/** Every address pattern of the file that says who may send. */
function senderPatterns({ accounts, clients, routes }: Settings): string[] {
  return [
    ...routes.flatMap(({ sender }) => (sender === null ? [] : [sender])),
    ...routes.flatMap(({ edits }) => edits?.rewrite?.from ?? []),
    ...[...clients.values()].flatMap(({ senders }) => senders),
    ...[...accounts.values()].flatMap(({ identities }) => identities),
  ];
}

/** Domains that the file names as senders, without those written with a `*`; each once. */
export function senderDomains(settings: Settings): string[] {
  const domains = senderPatterns(settings).map((pattern) => domainOf(pattern));
  return [...new Set(domains)].filter((domain) => domain.includes('.') && !domain.includes('*'));
}

/** Accounts through which mail from some address of the domain may leave, in the file's order. */
export function accountsFor(domain: string, settings: Settings): Account[] {
  const known = senderPatterns(settings).filter(
    (pattern) => domainOf(pattern) === domain && /^[^*@]/.test(pattern) && !pattern.includes('*'),
  );
  // Any address stands for those that the file does not name.
  const addresses = new Set([...known, `postmaster@${domain}`]);
  const names = new Set([...addresses].flatMap((address) => accountsOf(address, settings)));
  return [...settings.accounts.values()].filter(({ name }) => names.has(name));
}

function accountsOf(address: string, { accounts, routes }: Settings): string[] {
  const names: string[] = [];
  for (const { action, client, edits, header, recipient, sender } of routes) {
    const through = action.is === 'accounts' ? action.accounts : [];
    const rewrite = edits?.rewrite ?? null;
    if (rewrite?.from === address) names.push(...through);
    if (sender !== null && !matchesAddress(sender, address)) continue;
    if (rewrite?.when !== 'always') names.push(...through);
    // Nothing else decides: no later route is reached.
    if (client === null && header === null && recipient === null) break;
  }
  return names.filter((name) => {
    const identities = accounts.get(name)?.identities ?? [];
    return identities.length === 0 || matchesAny(identities, address);
  });
}

export function domainOf(address: string): string {
  return comparableDomain(address.slice(address.lastIndexOf('@') + 1));
}
