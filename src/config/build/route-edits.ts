import { isAscii } from '../../mail/ascii.ts';
import type { Account } from '../../relay/account.ts';
import { matchesAny } from '../../relay/address-pattern.ts';
import type { Route } from '../../relay/route.ts';
import type { RouteConfig } from '../schema/relay.ts';
import type { BuildContext, Path } from './context.ts';

/** `rewrite:`, `headers:` and `bcc:` of one route; what changes nothing is left out. */
export function buildEdits({ rewrite, headers, bcc }: RouteConfig): Pick<Route, 'edits' | 'bcc'> {
  const add = headers?.add ?? {};
  const remove = (headers?.remove ?? []).map((name) => name.toLowerCase());
  const when = rewrite?.when ?? 'never';
  const changed = when === 'never' || rewrite === undefined ? null : { from: rewrite.from, when };
  const edits = { rewrite: changed, add, remove };
  const idle = changed === null && remove.length === 0 && Object.keys(add).length === 0;
  return {
    ...(idle ? {} : { edits }),
    ...(bcc === undefined || bcc.length === 0 ? {} : { bcc }),
  };
}

/** Faults of one route's `rewrite:`, `headers:` and `bcc:`. */
export function checkEdits(config: RouteConfig, path: Path, { report }: BuildContext): void {
  for (const key of ['rewrite', 'bcc', 'headers'] as const) {
    if (config[key] === undefined || config.accounts !== undefined) continue;
    report.error([...path, key], 'needs accounts: this route sends nothing', 'key');
  }
  const { rewrite, bcc = [], headers } = config;
  // An upstream without SMTPUTF8 would have to refuse the app's message because of them.
  const ascii = (at: Path, text: string, remedy: string) => {
    if (!isAscii(text)) report.error([...path, ...at], `must be ASCII; ${remedy}`);
  };
  const domain = 'write the domain as xn--...';
  if (rewrite !== undefined) ascii(['rewrite', 'from'], rewrite.from, domain);
  for (const [place, address] of bcc.entries()) ascii(['bcc', place], address, domain);
  for (const [name, value] of Object.entries(headers?.add ?? {})) {
    ascii(['headers', 'add', name], value, 'write it as an encoded word (RFC 2047)');
  }
}

/** A rewrite is there to please the upstream: to an address it would refuse there is no use. */
export function checkRewrites(
  routes: readonly Route[],
  accounts: ReadonlyMap<string, Account>,
  { report }: BuildContext,
): void {
  for (const { index, action, edits } of routes) {
    const rewrite = edits?.rewrite ?? null;
    if (rewrite === null || action.is !== 'accounts') continue;
    const { from, when } = rewrite;
    const path = ['routes', index - 1, 'rewrite'];
    const named = action.accounts.map((name) => ({
      name,
      identities: accounts.get(name)?.identities ?? [],
    }));
    for (const { name, identities } of named) {
      if (identities.length === 0 || matchesAny(identities, from)) continue;
      const known = identities.join(', ');
      report.error(
        [...path, 'from'],
        `account ${name} may not send as ${from}; its identities are ${known}`,
      );
    }
    const anybody = named.every(({ identities: [first] }) => first === undefined || first === '*');
    if (when === 'unauthorized' && anybody) {
      const remedy = 'give the account its identities, or use when: always';
      report.warn(path, `changes nothing: its accounts may send as anybody; ${remedy}`, 'key');
    }
  }
}
