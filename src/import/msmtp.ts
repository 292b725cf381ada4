import { sameFate } from './accounts.ts';
import { anyOf } from './any-of.ts';
import {
  type Fate,
  type FileReader,
  ImportError,
  type Imported,
  isHost,
  type Login,
  type Note,
  noEdits,
  noteBook,
  type PasswordSource,
  type Place,
  readPort,
  type Upstream,
  type UpstreamTls,
  unsaid,
} from './model.ts';
import { anySender, exampleOf, routesOf } from './survey.ts';
import { type NamedFile, tlsFiles } from './tls-files.ts';

interface Setting {
  readonly value: string;
  readonly at: Place;
}

interface Account {
  readonly name: string;
  readonly parent: string | null;
  readonly at: Place;
  readonly settings: ReadonlyMap<string, Setting>;
}

/** Reads msmtprc: `defaults`, `account NAME : PARENT`, one setting a line. Throws ImportError. */
export function importMsmtp(
  file: { readonly path: string; readonly text: string },
  read: FileReader,
): Imported {
  const { note, findings } = noteBook();
  const accounts = readAccounts(file).filter(({ settings }) =>
    isHost(settings.get('host')?.value ?? ''),
  );
  if (accounts.length === 0) throw new ImportError(`${file.path} has no account with a host`);
  const usual = accounts.find(({ name }) => name === 'default') ?? null;
  if (usual === null) {
    note(
      'left-out',
      { file: file.path, line: 1 },
      'a default account',
      'there is none; mail of other senders is refused',
    );
  }
  const fates = new Map(accounts.map((account) => [account, fateOf(account, read, note)]));
  const patterns = accounts.flatMap((account) => {
    const { value } = account.settings.get('from') ?? {};
    const example = value === undefined ? null : exampleOf(value.replaceAll('?', '*'));
    return example === null ? [] : [{ example, account }];
  });
  for (const account of accounts) {
    noteUnread(account, note);
    if (patterns.every((pattern) => pattern.account !== account) && account !== usual) {
      note(
        'left-out',
        account.at,
        `account ${account.name}`,
        'it has no from address that would choose it; msmtp took it with -a',
      );
    }
  }
  const routes = routesOf({
    senders: patterns.map(({ example }) => example),
    recipients: [],
    fateOf: (sender) => {
      // The first account of the file whose from fits wins, as in msmtp.
      const own = patterns.find(({ example }) => example.address === sender)?.account;
      const chosen = sender === anySender.address ? usual : (own ?? usual);
      return chosen === null ? null : (fates.get(chosen) ?? null);
    },
    same: sameFate,
  });
  return { ...unsaid, routes, findings };
}

/** Settings of `defaults` hold for the accounts after it, those of a parent for its children. */
function readAccounts({ path, text }: { readonly path: string; readonly text: string }): Account[] {
  const accounts: (Account & { settings: Map<string, Setting> })[] = [];
  let defaults = new Map<string, Setting>();
  let open: Map<string, Setting> = defaults;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const [, command, rest = ''] = /^\s*([a-z_]+)\s*(.*?)\s*$/.exec(raw) ?? [];
    if (command === undefined || /^\s*#/.test(raw)) continue;
    const at = { file: path, line: index + 1 };
    if (command === 'defaults') {
      defaults = new Map(defaults);
      open = defaults;
    } else if (command === 'account') {
      const [name = '', parents = ''] = rest.split(/\s*:\s*/, 2);
      const named = parents.split(/\s*,\s*/).filter((parent) => parent !== '');
      const inherited = named.flatMap((parent) => [
        ...(accounts.find((one) => one.name === parent)?.settings ?? []),
      ]);
      open = new Map([...defaults, ...inherited]);
      accounts.push({ name, parent: named[0] ?? null, at, settings: open });
    } else {
      open.set(command, { value: rest.replace(/^"(.*)"$/, '$1'), at });
    }
  }
  return accounts;
}

function fateOf(account: Account, read: FileReader, note: Note): Fate {
  const { name, at, settings } = account;
  const get = (key: string): string => settings.get(key)?.value ?? '';
  const on = (key: string): boolean => settings.has(key) && !/^off$/.test(get(key));
  const port = readPort(get('port')) ?? (on('tls') && get('tls_starttls') === 'off' ? 465 : 25);
  const tls: UpstreamTls = !on('tls')
    ? 'none'
    : get('tls_starttls') === 'off'
      ? 'implicit'
      : 'starttls';
  const file = (key: string): NamedFile | null => {
    const path = get(key);
    return path === '' ? null : { path, what: key, at: settings.get(key)?.at ?? at };
  };
  const files = {
    ca: file('tls_trust_file'),
    certificate: file('tls_cert_file'),
    key: file('tls_key_file'),
  };
  const upstream: Upstream = {
    host: get('host'),
    port,
    tls,
    verified: on('tls') && get('tls_certcheck') !== 'off' && !settings.has('tls_fingerprint'),
    login: on('auth') ? loginOf(account, note) : null,
    extra: {
      ...(settings.has('source_ip') ? { source_address: get('source_ip') } : {}),
      ...(settings.has('proxy_host')
        ? { proxy: `socks5://${get('proxy_host')}:${get('proxy_port') || '1080'}` }
        : {}),
      ...tlsFiles(files, { read, note }),
    },
    name: name === 'default' ? account.parent : name,
    at,
  };
  const from = get('from');
  const fixed = get('allow_from_override') === 'off' && /^[^\s@*?]+@[^\s@*?]+$/.test(from);
  const edits = fixed ? { ...noEdits, from } : noEdits;
  return { is: 'send', through: [upstream], edits, at };
}

function loginOf({ name, at, settings }: Account, note: Note): Login | null {
  const username = settings.get('user')?.value ?? '';
  const password = passwordOf(settings);
  const method = settings.get('auth')?.value ?? 'on';
  if (/^(?:oauthbearer|xoauth2|gssapi|ntlm|external|digest-md5|scram-.*)$/.test(method)) {
    note(
      'changed',
      settings.get('auth')?.at ?? at,
      `auth ${method} of account ${name}`,
      'relayd logs in with the password; for tokens see oauth2: of an account',
    );
  }
  if (username === '' || password === null) {
    note(
      'left-out',
      at,
      `login of account ${name}`,
      'user or password is missing; msmtp asked for it or had it from ~/.netrc',
    );
    return null;
  }
  const known = { plain: 'plain', login: 'login', 'cram-md5': 'cram-md5' } as const;
  return {
    username,
    password,
    auth: Object.hasOwn(known, method) ? known[method as 'plain'] : 'auto',
  };
}

/** `passwordeval` runs in a shell, so does the command that takes its place. */
function passwordOf(settings: Account['settings']): PasswordSource | null {
  const text = settings.get('password')?.value;
  if (text !== undefined && text !== '') return { is: 'text', text };
  const line = settings.get('passwordeval')?.value;
  if (line === undefined || line === '') return null;
  const simple = /^[\w./~@%+=:,-]+(?: +[\w./@%+=:,-]+)*$/.test(line) && !line.includes('~');
  return { is: 'command', command: simple ? line.split(/ +/) : ['/bin/sh', '-c', line] };
}

const READ = anyOf(`
  host port from auth user password passwordeval tls tls_starttls tls_trust_file tls_cert_file
  tls_key_file tls_certcheck source_ip proxy_host proxy_port allow_from_override
`);
const REASONS: Readonly<Record<string, string>> = {
  logfile: 'the log is set by log:',
  syslog: 'the log is set by log:',
  tls_fingerprint: 'relayd pins keys, not certificates; `relayctl account test` shows the pin',
  aliases: 'relayd sends to the recipients that the app names',
  timeout: 'timeouts are those of each account',
  domain: 'hostname: is one for the whole relay',
};

function noteUnread({ settings }: Account, note: Note): void {
  for (const [key, { at }] of settings) {
    if (READ.test(key)) continue;
    note('left-out', at, key, REASONS[key] ?? 'relayd has no such setting');
  }
}
