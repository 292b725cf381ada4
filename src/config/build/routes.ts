import type { Route, RouteAction } from '../../relay/route.ts';
import type { RouteConfig } from '../schema/relay.ts';
import { didYouMean } from '../wanted.ts';
import type { BuildContext, Path } from './context.ts';

/** Every name the file uses, also of entries that have faults of their own. */
export interface KnownNames {
  readonly clients: readonly string[];
  readonly accounts: readonly string[];
}

/** `routes:`; `indexes` are their places in the file. Routes without a usable action are reported and left out. */
export function buildRoutes(
  configs: readonly RouteConfig[],
  { indexes, names }: { indexes: readonly number[]; names: KnownNames },
  context: BuildContext,
): Route[] {
  return configs.flatMap((config, position) => {
    const index = indexes[position] ?? position;
    const path = ['routes', index];
    checkNames(config, path, { names, context });
    const action = findAction(config, path, context);
    if (action === null) return [];
    return {
      sender: config.sender ?? null,
      client: config.client ?? null,
      recipient: config.recipient ?? null,
      header: config.header ?? null,
      action,
      lifetimeMs: config.lifetime ?? null,
      index: index + 1,
      line: context.document.placeOf(path, 'key').line,
    };
  });
}

function checkNames(
  config: RouteConfig,
  path: Path,
  { names, context: { report } }: { names: KnownNames; context: BuildContext },
): void {
  const check = (at: Path, kind: 'client' | 'account', name: string) => {
    const known = kind === 'client' ? names.clients : names.accounts;
    if (known.includes(name)) return;
    report.error(at, `unknown ${kind} ${JSON.stringify(name)}${didYouMean(name, known)}`);
  };
  if (config.client !== undefined) check([...path, 'client'], 'client', config.client);
  for (const [index, name] of (config.accounts ?? []).entries()) {
    check([...path, 'accounts', index], 'account', name);
    if ((config.accounts ?? []).indexOf(name) < index) {
      report.error([...path, 'accounts', index], `${JSON.stringify(name)} stands here twice`);
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
