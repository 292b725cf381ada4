import { accessOf } from '../access.ts';
import { sameFate } from '../accounts.ts';
import type { Fate, FileReader, Imported, Login, Note, Place, Upstream } from '../model.ts';
import { isHost, noEdits, readPort, unsaid } from '../model.ts';
import { routesOf } from '../survey.ts';
import type { ConfigFile } from './config.ts';
import { matchesWild, splitList } from './lists.ts';

/** Debian's /etc/exim4/update-exim4.conf.conf and the passwd.client beside it. */

export function isDebianSettings(text: string): boolean {
  return /^\s*dc_eximconfig_configtype=/m.test(text);
}

interface Setting {
  readonly value: string;
  readonly at: Place;
}

interface Around {
  readonly read: FileReader;
  readonly note: Note;
}

const passwordFile = '/etc/exim4/passwd.client';

export function importDebian(file: ConfigFile, around: Around): Omit<Imported, 'findings'> {
  const settings = readSettings(file);
  const { note } = around;
  const get = (name: string): string => settings.get(`dc_${name}`)?.value ?? '';
  const at = (name: string): Place =>
    settings.get(`dc_${name}`)?.at ?? { file: file.path, line: 1 };
  const type = get('eximconfig_configtype');
  const fate = type === 'smarthost' || type === 'satellite' ? smarthost(settings, around) : null;
  if (fate === null) {
    note(
      'left-out',
      at('eximconfig_configtype'),
      `configuration type ${type}`,
      'it names no smarthost; relayd sends through accounts only',
    );
  }
  if (get('hide_mailname') === 'true' && get('readhost') !== '') {
    note(
      'left-out',
      at('readhost'),
      `sender domain becomes ${get('readhost')}`,
      'a route can rewrite to one address: rewrite: {from: …}',
    );
  }
  noteLocalDelivery(get, at, note);
  return {
    ...unsaid,
    ...accessOf({
      addresses: splitList(anySeparator(get('local_interfaces'))),
      ports: [25],
      trusted: splitList(anySeparator(get('relay_nets'))),
      at: at('relay_nets'),
      note,
    }),
    routes: routesOf({ senders: [], recipients: [], fateOf: () => fate, same: sameFate }),
  };
}

function noteLocalDelivery(
  get: (name: string) => string,
  at: (name: string) => Place,
  note: Note,
): void {
  const others = get('other_hostnames');
  if (others !== '') {
    note(
      'left-out',
      at('other_hostnames'),
      `mail to ${others} stayed on this machine`,
      'relayd has no mailboxes: it sends all mail through an account',
    );
  }
  if (get('relay_domains') !== '') {
    note(
      'left-out',
      at('relay_domains'),
      `mail from anywhere to ${get('relay_domains')}`,
      'relayd takes mail from its clients only',
    );
  }
}

function readSettings({ path, text }: ConfigFile): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, name, single, double, bare] =
      /^\s*(\w+)=(?:'([^']*)'|"([^"]*)"|(\S*))\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const value = (single ?? double ?? bare ?? '').trim();
    settings.set(name, { value, at: { file: path, line: index + 1 } });
  }
  return settings;
}

function smarthost(settings: ReadonlyMap<string, Setting>, around: Around): Fate | null {
  const hosts = settings.get('dc_smarthost');
  if (hosts === undefined || hosts.value === '') return null;
  const { at } = hosts;
  const through = splitList(hosts.value.replaceAll(';', ':').replace(/^<:/, '')).map(
    (item): Upstream => {
      const [, host = item, port = '25'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(item) ?? [];
      const login = passwordOf(host, at, around);
      const tls = port === '465' ? 'implicit' : 'opportunistic';
      return {
        host,
        port: readPort(port) ?? 25,
        tls,
        verified: false,
        login,
        extra: {},
        name: null,
        at,
      };
    },
  );
  return through.length === 0 || !through.every(({ host }) => isHost(host))
    ? null
    : { is: 'send', through, edits: noEdits, at };
}

/** `host:user:password` of passwd.client, the first line that fits the smarthost. */
function passwordOf(host: string, at: Place, { read, note }: Around): Login | null {
  const text = read(passwordFile);
  if (text === null) {
    note(
      'left-out',
      at,
      `login at ${host}`,
      `${passwordFile} cannot be read; name it, too, or use --root`,
    );
    return null;
  }
  const lines = text
    .split(/\r?\n/)
    .map((line) => /^([^#\s:][^:]*):([^:]*):(.*)$/.exec(line.trim()))
    .filter((found) => found !== null);
  const fitting = lines.find(([, pattern = '']) =>
    matchesWild(pattern.toLowerCase(), host.toLowerCase()),
  );
  // Exim asks for the name that the address resolves back to, so that the only line may bear another.
  const only = lines.length === 1 ? lines[0] : undefined;
  if (fitting === undefined && only !== undefined) {
    note(
      'changed',
      at,
      `login of passwd.client for ${only[1]}`,
      `used for ${host}, as it is the only one`,
    );
  }
  const [, , username = '', password = ''] = fitting ?? only ?? [];
  if (username === '' || password === '') {
    note('changed', at, `no login for ${host} in ${passwordFile}`, 'the account has none either');
    return null;
  }
  return { username, password: { is: 'text', text: password }, auth: 'auto' };
}

function anySeparator(list: string): string {
  return list.includes(';') && !list.startsWith('<') ? `<;${list}` : list;
}
