import type { Route, RouteAction } from '../../relay/route.ts';
import { isObject } from '../check.ts';
import type { RouteConfig } from '../schema/relay.ts';
import { didYouMean } from '../wanted.ts';
import type { BuildContext, Path } from './context.ts';
import { buildEdits, checkEdits } from './route-edits.ts';

/**
 * `routes:`; `indexes` are their places in the file. Routes without a usable action are reported
 * and left out.
 */
export function buildRoutes(
  configs: readonly RouteConfig[],
  indexes: readonly number[],
  context: BuildContext,
): Route[] {
  return configs.flatMap((config, position) => {
    const index = indexes[position] ?? position;
    const path = ['routes', index];
    const action = findAction(config, path, context);
    if (action === null) return [];
    checkEdits(config, path, context);
    return {
      sender: config.sender ?? null,
      client: config.client ?? null,
      recipient: config.recipient ?? null,
      header: config.header ?? null,
      action,
      lifetimeMs: config.lifetime ?? null,
      ...buildEdits(config),
      index: index + 1,
      line: context.document.placeOf(path, 'key').line,
    };
  });
}

/**
 * Names that routes refer to. Looks at the file itself: a route or an account with a fault of its
 * own still counts.
 */
export function checkRouteNames({ document, report }: BuildContext): void {
  const file = isObject(document.plain) ? document.plain : {};
  const namesOf = (section: unknown) => (isObject(section) ? Object.keys(section) : []);
  const known = { client: namesOf(file.clients), account: namesOf(file.accounts) };
  const check = (path: Path, kind: 'client' | 'account', name: unknown) => {
    if (typeof name !== 'string' || name === '' || known[kind].includes(name)) return;
    const hint = didYouMean(name, known[kind]);
    report.error(path, `unknown ${kind} ${JSON.stringify(name)}${hint}`);
  };
  for (const [index, route] of Array.isArray(file.routes) ? file.routes.entries() : []) {
    if (!isObject(route)) continue;
    const path = ['routes', index];
    check([...path, 'client'], 'client', route.client);
    const accounts: unknown[] = Array.isArray(route.accounts) ? route.accounts : [];
    for (const [place, name] of accounts.entries()) {
      const at = [...path, 'accounts', place];
      check(at, 'account', name);
      if (accounts.indexOf(name) < place) report.error(at, 'stands in this list twice');
    }
  }
}

const ACTIONS = ['accounts', 'discard', 'hold', 'reject'] as const;

function findAction(config: RouteConfig, path: Path, { report }: BuildContext): RouteAction | null {
  const [first, second] = ACTIONS.filter((key) => config[key] !== undefined);
  if (first === undefined) {
    report.error(path, 'says nothing to do; give accounts, discard, hold or reject', 'key');
    return null;
  }
  if (second !== undefined) {
    report.error([...path, second], `stands beside ${first}; a route does one of the two`, 'key');
    return null;
  }
  if (config.accounts !== undefined) return { is: 'accounts', accounts: config.accounts };
  if (config.reject !== undefined) return { is: 'reject', text: config.reject };
  return { is: config.hold === true ? 'hold' : 'discard' };
}
