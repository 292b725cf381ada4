import { type Access, accessOf, plainPort } from '../access.ts';
import { sameFate } from '../accounts.ts';
import { anyOf } from '../any-of.ts';
import {
  type FileReader,
  ImportError,
  type Imported,
  type Note,
  noteBook,
  withoutWeeks,
} from '../model.ts';
import { routesOf } from '../survey.ts';
import { type ConfigFile, type EximConfig, readConfig } from './config.ts';
import { importDebian, isDebianSettings } from './debian.ts';
import { recipientsIn, sendersIn } from './examples.ts';
import { splitList } from './lists.ts';
import { noteServerSides } from './login.ts';
import { fateOf } from './router.ts';
import { type Asked, optionText, type World } from './world.ts';

/**
 * Reads Exim's configuration: whole files, pieces (conf.d, cPanel's editor), Debian's
 * update-exim4.conf.conf, and the maps that they look into. Throws ImportError.
 */
export function importExim(files: readonly ConfigFile[], reader: FileReader): Imported {
  const { note, findings } = noteBook();
  // A file that is named on the command line stands for the one that the configuration means.
  const read: FileReader = (path) =>
    files.find((file) => file.path === path || baseName(file.path) === baseName(path))?.text ??
    reader(path);
  const configs = files.filter(({ text }) => isConfiguration(text));
  const debian = files.find(({ text }) => isDebianSettings(text));
  if (configs.length === 0) {
    if (debian === undefined) throw new ImportError('none of the files is a configuration of Exim');
    return { ...importDebian(debian, { read, note }), findings };
  }
  const config = readConfig(configs, { read, note });
  const hostname = config.main.get('primary_hostname')?.value ?? null;
  const world: World = { config, hostname: hostname ?? 'localhost', read, note, maps: new Map() };
  const asked: Asked = { world, mail: { sender: '', recipient: '' }, what: 'the main section' };
  const routes = routesOf({
    senders: sendersIn(world),
    recipients: recipientsIn(world),
    fateOf: (sender, recipient) => fateOf(world, sender, recipient),
    same: sameFate,
  });
  noteServerSides(asked);
  noteSections(config, note);
  const size = sizeOf(optionText(config.main.get('message_size_limit'), asked));
  return {
    hostname: /^[\w-]+(?:\.[\w-]+)+$/.test(hostname ?? '') ? hostname : null,
    ...access(asked),
    routes,
    messageBytesMax: size,
    lifetime: lifetimeOf(config, note),
    findings,
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Sections, drivers or settings; a map has only `key: value`. */
function isConfiguration(text: string): boolean {
  if (isDebianSettings(text)) return false;
  if (/^\s*(?:begin\s+\w+|driver\s*=|@[A-Z]+@\s*$)/m.test(text)) return true;
  return /^\s*(?:[A-Z][A-Za-z0-9_]*\s*==?|(?:hide\s+)?\w+list\s+\w+\s*=|[a-z]\w+\s*=)/m.test(text);
}

function access(asked: Asked): Access {
  const { config, note } = asked.world;
  const value = (name: string): string => optionText(config.main.get(name), asked) ?? '';
  const interfaces = splitList(value('local_interfaces')).map(readInterface);
  const named = splitList(value('daemon_smtp_ports')).flatMap((port) => plainPort(port) ?? []);
  const own = interfaces.flatMap(({ port }) => plainPort(port ?? '') ?? []);
  const usual = named.length === 0 && interfaces.some(({ port }) => port === null) ? [25] : named;
  const tlsPorts = config.main.get('tls_on_connect_ports');
  if (tlsPorts !== undefined) {
    note(
      'left-out',
      tlsPorts.at,
      'tls_on_connect_ports',
      'apps on this machine need no TLS; see listeners: for others',
    );
  }
  const list = config.lists.get('host relay_from_hosts');
  const trusted = list === undefined ? '' : (optionText(list, asked) ?? '');
  const ports = [...new Set([...usual, ...own])];
  return accessOf({
    addresses: interfaces.map(({ host }) => host),
    ports: ports.length === 0 ? [25] : ports,
    trusted: splitList(trusted),
    at: list?.at ?? config.main.get('local_interfaces')?.at ?? config.routers[0]?.at ?? nowhere,
    note,
  });
}

const nowhere = { file: '', line: 0 };

/** `127.0.0.1.26`: the fifth number is a port; an IPv6 address stands in brackets then. */
function readInterface(item: string): { readonly host: string; readonly port: string | null } {
  const [, v4, v6, port] =
    /^(?:((?:\d{1,3}\.){3}\d{1,3})|\[([^\]]+)\])(?:\.(\d{1,5}))?$/.exec(item) ?? [];
  return { host: v4 ?? v6 ?? item, port: port ?? null };
}

function sizeOf(text: string | null): number | null {
  const [, digits, unit = ''] = /^(\d+)\s*([KMG]?)$/i.exec(text ?? '') ?? [];
  if (digits === undefined || Number(digits) === 0) return null;
  return Number(digits) * { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[unit.toUpperCase() as 'K'];
}

/** The end of the last retry rule is how long mail is tried. */
function lifetimeOf({ retry }: EximConfig, note: Note): string | null {
  const usual = retry.find(({ text }) => /^\*\s+\*/.test(text)) ?? retry.at(-1);
  if (usual === undefined) return null;
  const ends = [...usual.text.matchAll(/[FGH]\s*,\s*(\d+[smhdw](?:\d+[smhdw])*)/g)];
  const end = ends.at(-1)?.[1];
  if (end === undefined) return null;
  const lifetime = withoutWeeks(end);
  note(
    'changed',
    usual.at,
    'retry rules',
    `queue.lifetime ${lifetime}; the waits between are relayd's own (queue.retry)`,
  );
  return lifetime;
}

const MAIN_READ = anyOf(`
  primary_hostname qualify_domain message_size_limit local_interfaces daemon_smtp_ports
  tls_on_connect_ports
`);
const MAIN_REASONS: readonly (readonly [RegExp, string])[] = [
  [/^acl_/, 'who may send is said by clients: and their senders:'],
  [
    /^(?:spool|split_spool|pid_file|exim_|deliver_drop|keep_env|add_env|admin|trusted|never_)/,
    'belongs to how Exim runs; see queue.directory',
  ],
  [/^(?:log_|syslog|write_reject|print_top)/, 'the log is set by log:'],
  [/^(?:tls_|openssl|gnutls)/, 'TLS towards apps is set by listeners:'],
  [
    /^(?:queue_|remote_max|deliver_queue|smtp_accept|smtp_load|smtp_reserve)/,
    'limits are those of limits: and of each account',
  ],
  [
    /^(?:auto_thaw|timeout_frozen|ignore_bounce|delay_warning|bounce_|freeze|errors_)/,
    'see queue: and notifications:',
  ],
];

/** What the main section and the access rules say besides. */
function noteSections({ main, acls, rewrite }: EximConfig, note: Note): void {
  const unread = [...main].filter(([name]) => !MAIN_READ.test(name));
  const reasonOf = (name: string): string =>
    MAIN_REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? 'relayd has no such setting';
  for (const [why, options] of Map.groupBy(unread, ([name]) => reasonOf(name))) {
    const at = options[0]?.[1].at ?? nowhere;
    note('left-out', at, options.map(([name]) => name).join(', '), why);
  }
  const [first] = acls;
  if (first !== undefined) {
    note(
      'left-out',
      first.at,
      `${acls.length} lines of access rules (ACLs)`,
      'who may send is said by clients: and their senders:',
    );
  }
  for (const { text, at } of rewrite) {
    note(
      'changed',
      at,
      `rewriting rule ${text.split(/\s+/)[0]}`,
      'senders it is about are rewritten by their routes; nothing else is',
    );
  }
}
