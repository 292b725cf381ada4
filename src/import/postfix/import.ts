import { type Access, accessOf, plainPort } from '../access.ts';
import { sameFate } from '../accounts.ts';
import type { Edits, Fate, FileReader, Imported, Note, Place } from '../model.ts';
import { noEdits, noteBook, reject, withoutWeeks } from '../model.ts';
import { type Example, exampleOf, exampleOfDomain, routesOf } from '../survey.ts';
import { type Parameters, parameterText, readMain } from './main-cf.ts';
import { listenersIn, parametersOf, readMaster, type Service } from './master-cf.ts';
import { type Entry, findAddress, findRecipient, readTables } from './tables.ts';
import { noteUnread } from './unread.ts';
import { type Client, upstreamsOf } from './upstream.ts';

interface Postfix {
  readonly main: Parameters;
  readonly services: readonly Service[];
  readonly read: FileReader;
  readonly note: Note;
  readonly path: string;
  /** By transport: its tables are read once. */
  readonly clients: Map<string, Client>;
}

interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Reads main.cf, master.cf where it is there, and the text files of the maps. */
export function importPostfix(file: TextFile, master: TextFile | null, read: FileReader): Imported {
  const { note, findings } = noteBook();
  const main = readMain(file);
  const services = master === null ? [] : readMaster(master);
  const postfix: Postfix = { main, services, read, note, path: file.path, clients: new Map() };
  const maps = readMaps(postfix);
  const routes = routesOf({
    senders: sendersIn(maps),
    recipients: maps.transports.flatMap(({ key }) => recipientExample(key)),
    fateOf: (sender, recipient) => fateOf(sender, recipient, { postfix, maps }),
    same: sameFate,
  });
  noteUnread(main, note);
  const size = Number(
    main.has('message_size_limit') ? parameterText(main, 'message_size_limit') : 0,
  );
  const [, count, unit] =
    /^(\d+)([smhdw]?)$/.exec(parameterText(main, 'maximal_queue_lifetime')) ?? [];
  const hostname = parameterText(main, 'myhostname');
  return {
    hostname: /^[\w-]+(?:\.[\w-]+)+$/.test(hostname) ? hostname : null,
    ...access(postfix),
    routes,
    messageBytesMax: size > 0 ? size : null,
    lifetime:
      count === undefined || Number(count) === 0 ? null : withoutWeeks(`${count}${unit || 'd'}`),
    findings,
  };
}

interface Maps {
  readonly relayhosts: readonly Entry[];
  readonly defaults: readonly Entry[];
  readonly transports: readonly Entry[];
  readonly canonical: readonly Entry[];
  readonly generic: readonly Entry[];
  /** Of main.cf, for the senders in them. */
  readonly passwords: readonly Entry[];
}

function tables(name: string, parameters: Parameters, { read, note, path }: Postfix): Entry[] {
  return readTables(parameterText(parameters, name), {
    read,
    note,
    name,
    at: parameters.get(name)?.at ?? { file: path, line: 1 },
    defaultType: parameterText(parameters, 'default_database_type'),
  });
}

function readMaps(postfix: Postfix): Maps {
  const of = (name: string): Entry[] => tables(name, postfix.main, postfix);
  return {
    relayhosts: of('sender_dependent_relayhost_maps'),
    defaults: of('sender_dependent_default_transport_maps'),
    transports: of('transport_maps'),
    canonical: [...of('sender_canonical_maps'), ...of('canonical_maps')],
    generic: of('smtp_generic_maps'),
    passwords: of('smtp_sasl_password_maps'),
  };
}

function sendersIn({ relayhosts, defaults, canonical, generic, passwords }: Maps): Example[] {
  return [relayhosts, defaults, canonical, generic, passwords]
    .flat()
    .flatMap(({ key }) => (key.includes('@') ? (exampleOf(key) ?? []) : []));
}

function recipientExample(key: string): Example[] {
  const example = key.includes('@') ? exampleOf(key) : exampleOfDomain(key.replace(/^\./, '*.'));
  return example === null ? [] : [example];
}

function fateOf(
  original: string,
  recipient: string,
  { postfix, maps }: { readonly postfix: Postfix; readonly maps: Maps },
): Fate | null {
  const { main, note, services } = postfix;
  const canonical = rewritten(original, maps.canonical, note);
  const sender = canonical ?? original;
  const relayhost = findAddress(maps.relayhosts, sender);
  const usual =
    relayhost !== null && relayhost.value.toUpperCase() !== 'DUNNO'
      ? relayhost.value
      : parameterText(main, 'relayhost');
  const byRecipient = findRecipient(maps.transports, recipient);
  const entry = byRecipient ?? findAddress(maps.defaults, sender);
  const [, named = '', ownHop = ''] = /^([\w-]*):?(.*)$/s.exec(entry?.value ?? '') ?? [];
  const transport = named === '' ? 'smtp' : named;
  const nexthop = ownHop === '' ? usual : ownHop;
  const at: Place = entry?.at ??
    relayhost?.at ??
    main.get('relayhost')?.at ?? { file: postfix.path, line: 1 };
  if (transport === 'discard') return { is: 'discard', at };
  if (transport === 'retry') return { is: 'hold', at };
  if (transport === 'error') {
    return reject(at, ownHop);
  }
  const service = services.find(({ name, type }) => name === transport && type === 'unix');
  const command = service?.command ?? transport;
  if (command !== 'smtp' && command !== 'relay') {
    note(
      'left-out',
      at,
      `transport ${transport}`,
      'relayd delivers by SMTP only, through accounts',
    );
    return null;
  }
  if (nexthop === '') {
    note(
      'left-out',
      at,
      "delivery to the recipients' own servers (MX)",
      'relayd sends through accounts only; name one',
    );
    return reject(at);
  }
  const client = clientOf(transport, postfix);
  const fallback = parameterText(client.parameters, 'smtp_fallback_relay');
  const through = upstreamsOf(
    `${nexthop} ${fallback}`,
    { sender, at, ownLogin: byRecipient === null },
    client,
  );
  if (through.length === 0) return reject(at);
  return { is: 'send', through, edits: editsOf(canonical, sender, maps, note), at };
}

function clientOf(transport: string, postfix: Postfix): Client {
  const known = postfix.clients.get(transport);
  if (known !== undefined) return known;
  const { main, services, read, note } = postfix;
  const parameters = parametersOf(main, services, transport);
  const passwords = tables('smtp_sasl_password_maps', parameters, postfix);
  const policies = tables('smtp_tls_policy_maps', parameters, postfix);
  const client = { parameters, passwords, policies, read, note };
  postfix.clients.set(transport, client);
  return client;
}

function editsOf(canonical: string | null, sender: string, { generic }: Maps, note: Note): Edits {
  return { ...noEdits, from: rewritten(sender, generic, note) ?? canonical };
}

/** The address a map gives for a sender; null when it says nothing, or nothing that a route can say. */
function rewritten(sender: string, entries: readonly Entry[], note: Note): string | null {
  const entry = findAddress(entries, sender);
  if (entry === null || entry.value.toLowerCase() === sender.toLowerCase()) return null;
  if (/^[^\s@<>]+@[^\s@<>]+$/.test(entry.value)) return entry.value;
  note(
    'left-out',
    entry.at,
    `${entry.key} becomes ${entry.value}`,
    'a route can rewrite to one whole address only',
  );
  return null;
}

function access({ main, services, note, path }: Postfix): Access {
  const names = listenersIn(services);
  const split = names.map((name) => /^(?:\[?([^\]]+?)\]?:)?(\w+)$/.exec(name));
  const ports = split.flatMap((found) => plainPort(found?.[2] ?? '') ?? []);
  if (split.some((found) => /^(?:smtps|submissions|465)$/.test(found?.[2] ?? ''))) {
    note(
      'left-out',
      { file: path, line: 1 },
      'the listener with TLS from the first byte (smtps)',
      'apps on this machine need no TLS; see listeners: for others',
    );
  }
  const interfaces = parameterText(main, 'inet_interfaces')
    .split(/[\s,]+/)
    .filter((word) => word !== 'all' && word !== '');
  return accessOf({
    addresses: interfaces,
    ports: ports.length === 0 ? [25] : [...new Set(ports)],
    trusted: parameterText(main, 'mynetworks')
      .split(/[\s,]+/)
      .filter((word) => word !== ''),
    at: main.get('mynetworks')?.at ?? main.get('inet_interfaces')?.at ?? { file: path, line: 1 },
    note,
  });
}
