import type { Settings } from '../relay/settings.ts';
import { isObject } from './check.ts';
import { describeSettings } from './describe.ts';
import { hiddenValues } from './hidden.ts';
import { inBrief } from './leaves.ts';
import { longestRising } from './longest-rising.ts';
import { formatPath } from './problem.ts';

/** One thing that two configurations do not have in common. */
export interface Difference {
  /** `accounts.gmail.limits.rate`; of routes by their place in the newer file, of removed ones in the older. */
  readonly path: string;
  readonly is: 'added' | 'removed' | 'changed' | 'moved';
  /** As in relay.yaml, defaults filled in; null: not there. Secrets are `[secret]` on both sides. */
  readonly before: string | null;
  readonly after: string | null;
}

type Shown = Readonly<Record<string, unknown>>;

/**
 * What would be different with the second one: by meaning, so that order of keys, comments, notation
 * and values that equal their default do not count. Secrets are compared and never shown.
 */
export function settingsDifferences(before: Settings, after: Settings): Difference[] {
  const [old, young] = [describeSettings(before), describeSettings(after)];
  return [
    ...valueDifferences([], rest(old), rest(young)),
    ...listenerDifferences(old, young),
    ...namedDifferences('clients', old, young, clientInBrief),
    ...namedDifferences('accounts', old, young, accountInBrief),
    ...hiddenDifferences(before, after),
    ...routeDifferences(listOf(old.routes), listOf(young.routes)),
  ];
}

function rest({ listeners, clients, accounts, routes, ...others }: Shown): Shown {
  return others;
}

/** Leaves of two values that differ; a list counts as one. */
function valueDifferences(path: readonly string[], before: unknown, after: unknown): Difference[] {
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => valueDifferences([...path, key], before[key], after[key]));
  }
  const [old, young] = [inBrief(before), inBrief(after)];
  if (old === young) return [];
  const is = old === null ? 'added' : young === null ? 'removed' : 'changed';
  return [{ path: formatPath(path), is, before: old, after: young }];
}

function namedDifferences(
  section: 'clients' | 'accounts',
  before: Shown,
  after: Shown,
  brief: (entry: Shown) => string,
): Difference[] {
  const [old, young] = [objectOf(before[section]), objectOf(after[section])];
  return [...new Set([...Object.keys(old), ...Object.keys(young)])].flatMap((name) =>
    entryDifferences([section, name], old[name], young[name], brief),
  );
}

function entryDifferences(
  path: readonly string[],
  before: unknown,
  after: unknown,
  brief: (entry: Shown) => string,
): Difference[] {
  if (isObject(before) && isObject(after)) return valueDifferences(path, before, after);
  const text = (entry: unknown) => (isObject(entry) ? brief(entry) : null);
  const is = before === undefined ? 'added' : 'removed';
  return [{ path: formatPath(path), is, before: text(before), after: text(after) }];
}

/** Listeners are told apart by their address. */
function listenerDifferences(before: Shown, after: Shown): Difference[] {
  const byAddress = (shown: Shown) =>
    new Map(listOf(shown.listeners).map((listener) => [String(listener.listen), listener]));
  const [old, young] = [byAddress(before), byAddress(after)];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap((address) =>
    entryDifferences(['listeners', address], old.get(address), young.get(address), listenerInBrief),
  );
}

const clientInBrief = ({ senders }: Shown): string => `senders ${inBrief(senders)}`;
const listenerInBrief = ({ tls, auth }: Shown): string => `tls ${tls}, auth ${auth}`;

function accountInBrief({ host, port, username }: Shown): string {
  return `${host}:${port}${username === undefined ? '' : ` as ${username}`}`;
}

const conditions = ['sender', 'client', 'recipient', 'header'] as const;

function routeInBrief(route: Shown): string {
  const of = conditions.flatMap((key) =>
    route[key] === undefined ? [] : `${key} ${inBrief(route[key])}`,
  );
  const does = Object.entries(route).flatMap(([key, value]) =>
    conditions.some((condition) => condition === key) ? [] : `${key} ${inBrief(value)}`,
  );
  return `${of.length === 0 ? 'all mail' : of.join(', ')}: ${does.join(', ')}`;
}

/** What has another value where the same words stand for both. */
function hiddenDifferences(before: Settings, after: Settings): Difference[] {
  const now = new Map(hiddenValues(after).map(({ path, value }) => [formatPath(path), value]));
  return hiddenValues(before).flatMap(({ path: place, value }) => {
    const path = formatPath(place);
    const young = now.get(path);
    if (young === undefined || young === value) return [];
    return { path, is: 'changed' as const, before: '[secret]', after: '[secret], another' };
  });
}

/**
 * The first route that matches wins, so their order counts. Equal routes are found again wherever
 * they stand; of the others those with the same conditions are taken for the same route.
 */
function routeDifferences(before: readonly Shown[], after: readonly Shown[]): Difference[] {
  const pairs = new Map<number, number>();
  const taken = new Set<number>();
  const pair = (key: (route: Shown) => string): void => {
    const places = Map.groupBy(
      [...before.keys()].filter((at) => !taken.has(at)),
      (at) => key(before[at] ?? {}),
    );
    for (const [at, route] of after.entries()) {
      const old = pairs.has(at) ? undefined : places.get(key(route))?.shift();
      if (old === undefined) continue;
      pairs.set(at, old);
      taken.add(old);
    }
  };
  pair((route) => JSON.stringify(route));
  pair((route) => JSON.stringify(conditions.map((key) => route[key] ?? null)));
  const inOrder = after.flatMap((_, at) => pairs.get(at) ?? []);
  const still = new Set(longestRising(inOrder));
  const removed = [...before.entries()].flatMap(([at, route]): Difference[] =>
    taken.has(at)
      ? []
      : [{ path: `routes[${at}]`, is: 'removed', before: routeInBrief(route), after: null }],
  );
  const others = [...after.entries()].flatMap(([at, route]): Difference[] => {
    const path = `routes[${at}]`;
    const old = pairs.get(at);
    if (old === undefined) return [{ path, is: 'added', before: null, after: routeInBrief(route) }];
    const moved: Difference = {
      path,
      is: 'moved',
      before: `routes[${old}]`,
      after: routeInBrief(route),
    };
    const changed = valueDifferences([], before[old], route).map((one) => ({
      ...one,
      path: `${path}.${one.path}`,
    }));
    return still.has(old) ? changed : [moved, ...changed];
  });
  return [...removed, ...others];
}

const objectOf = (value: unknown): Shown => (isObject(value) ? value : {});
const listOf = (value: unknown): readonly Shown[] => (Array.isArray(value) ? value : []);
