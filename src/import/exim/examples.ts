import { type Example, exampleOf, exampleOfDomain } from '../survey.ts';
import type { EximConfig, Option } from './config.ts';
import { splitList } from './lists.ts';
import { ForcedFailure, Unsupported } from './scope.ts';
import { entriesOf, scopeOf, type World } from './world.ts';

const ADDRESS = /[\w.+*-]+@(?:\*\.)?[\w-]+(?:\.[\w-]+)+/g;
const DOMAIN = /(?<![\w@.*/-])(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?![\w/])/gi;
const MAP_FILE = /lsearch[*@]{0,2}(?:,[\w=,]+)?\s*[;{]\s*([^\s{}:;]+)/g;

/** Every sender that the configuration or one of its maps mentions. */
export function sendersIn(world: World): Example[] {
  const texts = allOptions(world.config).map(({ value }) => value);
  const found = texts.flatMap((text) => [
    ...[...text.matchAll(ADDRESS)].map(([address]) => address),
    ...(/sender|from|return_path|\*@|@\*/i.test(text) ? domainsIn(text) : []),
  ]);
  const keys = texts
    .flatMap((text) => keysIn(world, text))
    .map((key) => (key.includes('@') ? key : `@${key}`));
  const domains = [...world.config.lists]
    .filter(([name]) => name.startsWith('address') || name.startsWith('domain'))
    .flatMap(([, { value }]) =>
      splitList(value).map((item) => (item.includes('@') ? item : `@${item}`)),
    );
  return [...found, ...keys, ...domains].flatMap((text) => exampleOf(text) ?? []);
}

/** Keys of the maps that a text asks. */
function keysIn(world: World, text: string): string[] {
  const files = new Set([...text.matchAll(MAP_FILE)].map(([, file]) => file ?? ''));
  return [...files].flatMap((file) => (entriesOf(world, file) ?? []).map(({ key }) => key));
}

function domainsIn(text: string): string[] {
  return [...text.matchAll(DOMAIN)].map(([domain]) => `@${domain}`);
}

/** Domains of recipients that routers tell apart, those of this machine left out. */
export function recipientsIn(world: World): Example[] {
  const { config } = world;
  const { inList } = scopeOf(world, { sender: '', recipient: '' });
  const local = config.lists.get('domain local_domains');
  if (local !== undefined) {
    world.note(
      'left-out',
      local.at,
      'mail to local_domains stayed on this machine',
      'relayd has no mailboxes: it sends all mail through an account',
    );
  }
  const isLocal = (domain: string): boolean => {
    try {
      return inList('domain', domain, '+local_domains');
    } catch (error) {
      if (error instanceof Unsupported || error instanceof ForcedFailure) return false;
      throw error;
    }
  };
  const lists = config.routers.flatMap(({ options }) => [
    ...splitList(named(options.get('domains')?.value ?? '', config)),
    ...splitList(`<;${options.get('route_list')?.value ?? ''}`).map(
      (rule) => rule.split(/\s/)[0] ?? '',
    ),
  ]);
  // `${lookup{$domain}lsearch{…}}` and `domains = lsearch;…` name them in a map.
  const keys = config.routers
    .flatMap(({ options }) => [...options].map(([name, { value }]) => ({ name, value })))
    .filter(({ name, value }) => name === 'domains' || /\$\{?domain\b/.test(value))
    .flatMap(({ value }) => keysIn(world, value));
  return [...lists, ...keys]
    .flatMap((item) => exampleOfDomain(item.replace(/^!\s*/, '')) ?? [])
    .filter(({ address }) => !isLocal(address.slice(address.indexOf('@') + 1)));
}

/** Named lists spelled out, one level deep. */
function named(list: string, { lists }: EximConfig): string {
  return list.replace(/\+(\w+)/g, (all, name) => lists.get(`domain ${name}`)?.value ?? all);
}

function allOptions(config: EximConfig): Option[] {
  return [
    ...[...config.routers, ...config.transports.values(), ...config.authenticators].flatMap(
      ({ options }) => [...options.values()],
    ),
    ...config.lists.values(),
    ...config.rewrite.map(({ text, at }) => ({ value: text, at })),
  ];
}
