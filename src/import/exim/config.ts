import type { FileReader, Note, Place } from '../model.ts';
import { type ConfigLine, readLines } from './lines.ts';

export interface Option {
  readonly value: string;
  readonly at: Place;
}

/** A router, a transport or an authenticator. */
export interface Instance {
  readonly name: string;
  readonly at: Place;
  readonly options: ReadonlyMap<string, Option>;
}

/** A configuration of Exim, sections apart. */
export interface EximConfig {
  readonly main: ReadonlyMap<string, Option>;
  /** `domainlist local_domains`, … by kind and name. */
  readonly lists: ReadonlyMap<string, Option>;
  readonly routers: readonly Instance[];
  readonly transports: ReadonlyMap<string, Instance>;
  readonly authenticators: readonly Instance[];
  readonly rewrite: readonly ConfigLine[];
  readonly retry: readonly ConfigLine[];
  readonly acls: readonly ConfigLine[];
}

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

type Section = 'main' | 'routers' | 'transports' | 'authenticators' | 'rewrite' | 'retry' | 'acl';

/** The places of cPanel's exim.conf.local, where the user's own pieces stand. */
const PANEL_PLACES: Readonly<Record<string, Section>> = {
  CONFIG: 'main',
  AUTH: 'authenticators',
  PREROUTERS: 'routers',
  ROUTERSTART: 'routers',
  POSTMAILCOUNT: 'routers',
  ROUTERMIDDLE: 'routers',
  ROUTEREND: 'routers',
  POSTROUTERS: 'routers',
  ENDROUTERS: 'routers',
  TRANSPORTSTART: 'transports',
  TRANSPORTMIDDLE: 'transports',
  TRANSPORTEND: 'transports',
  PRETRANSPORTS: 'transports',
  POSTTRANSPORTS: 'transports',
  REWRITE: 'rewrite',
  RETRYSTART: 'retry',
  RETRYEND: 'retry',
};

const DRIVERS: readonly (readonly [Section, string])[] = [
  ['routers', 'accept dnslookup ipliteral iplookup manualroute queryprogram redirect'],
  ['transports', 'appendfile autoreply lmtp pipe smtp queuefile'],
  ['authenticators', 'plaintext cram_md5 cyrus_sasl dovecot external gsasl heimdal_gssapi spa tls'],
];

/** The section that a piece without `begin` belongs to, by the drivers in it. */
function sectionOf(text: string): Section {
  const [, driver = ''] = /^\s*driver\s*=\s*(\w+)/m.exec(text) ?? [];
  return DRIVERS.find(([, names]) => names.split(' ').includes(driver))?.[0] ?? 'main';
}

/** Whole files and pieces of one (as conf.d and cPanel's editor keep them), in Exim's order. */
export function readConfig(
  files: readonly ConfigFile[],
  around: { readonly read: FileReader; readonly note: Note },
): EximConfig {
  const order: readonly Section[] = ['main', 'routers', 'transports', 'authenticators'];
  const pieces = files
    .map((file) => {
      const whole = /^\s*begin\s+\w+/m.test(file.text);
      return { file, section: whole ? ('main' as const) : sectionOf(file.text) };
    })
    .toSorted((a, b) => order.indexOf(a.section) - order.indexOf(b.section));
  const starts = new Map(pieces.map(({ file, section }) => [file.path, section]));
  const lines = readLines(
    pieces.map(({ file }) => file),
    around,
  );
  return sort(lines, starts);
}

/** A file that stands on its own starts its section; an included one stays in that of its place. */
function sort(lines: readonly ConfigLine[], pieces: ReadonlyMap<string, Section>): EximConfig {
  const starts = new Map(pieces);
  const main = new Map<string, Option>();
  const lists = new Map<string, Option>();
  const sections: Record<Section, ConfigLine[]> = {
    main: [],
    routers: [],
    transports: [],
    authenticators: [],
    rewrite: [],
    retry: [],
    acl: [],
  };
  let section: Section | null = 'main';
  for (const line of lines) {
    section = starts.get(line.at.file) ?? section;
    starts.delete(line.at.file);
    const [, begun] = /^begin\s+(\w+)/.exec(line.text) ?? [];
    const [, place] = /^@([A-Z]+)@$/.exec(line.text) ?? [];
    if (begun !== undefined) section = begun in sections ? (begun as Section) : null;
    else if (place !== undefined) section = PANEL_PLACES[place] ?? null;
    else if (section !== null) sections[section].push(line);
  }
  for (const line of sections.main) takeMain(line, main, lists);
  return {
    main,
    lists,
    routers: instances(sections.routers),
    transports: new Map(instances(sections.transports).map((one) => [one.name, one])),
    authenticators: instances(sections.authenticators),
    rewrite: sections.rewrite,
    retry: sections.retry,
    acls: sections.acl,
  };
}

function takeMain(
  { text, at }: ConfigLine,
  main: Map<string, Option>,
  lists: Map<string, Option>,
): void {
  const list =
    /^(?:hide\s+)?(domain|host|address|localpart)list(?:_cache)?\s+(\w+)\s*=\s*(.*)$/s.exec(text);
  if (list !== null) {
    lists.set(`${list[1]} ${list[2]}`, { value: list[3] ?? '', at });
    return;
  }
  const option = readOption(text);
  if (option !== null) main.set(option.name, { value: option.value, at });
}

/** `name:` opens an instance; what follows belongs to it. */
function instances(lines: readonly ConfigLine[]): Instance[] {
  const all: { name: string; at: Place; options: Map<string, Option> }[] = [];
  for (const { text, at } of lines) {
    const [, name] = /^([A-Za-z0-9_]+)\s*:\s*$/.exec(text) ?? [];
    if (name !== undefined) {
      all.push({ name, at, options: new Map() });
      continue;
    }
    const option = readOption(text);
    if (option === null) continue;
    const options = all.at(-1)?.options;
    const earlier = options?.get(option.name);
    // These add up where they stand several times.
    const joined = JOINED[option.name];
    const value =
      earlier !== undefined && joined !== undefined
        ? `${earlier.value}${joined}${option.value}`
        : option.value;
    options?.set(option.name, { value, at });
  }
  return all;
}

const JOINED: Readonly<Record<string, string>> = {
  headers_add: '\n',
  headers_remove: ' : ',
  condition: '\0',
};

/** `name = value`, `no_name`, or `name` alone; a quoted value is read as such. */
function readOption(text: string): { readonly name: string; readonly value: string } | null {
  const [, name, value] = /^(?:hide\s+)?([a-z][a-z0-9_]*)\s*=\s*(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return { name, value: unquoted(value) };
  const [, negated] = /^(?:no|not)_([a-z][a-z0-9_]*)$/.exec(text) ?? [];
  if (negated !== undefined) return { name: negated, value: 'false' };
  return /^[a-z][a-z0-9_]*$/.test(text) ? { name: text, value: 'true' } : null;
}

function unquoted(value: string): string {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"\s*$/s.exec(value) ?? [];
  if (inner === undefined) return value.trim();
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
  return inner.replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter);
}
