import { sameFate } from './accounts.ts';
import {
  type Fate,
  type Finding,
  type Imported,
  isHost,
  type Note,
  noEdits,
  type Place,
  placeText,
  readPort,
  type Upstream,
  type UpstreamTls,
  unsaid,
} from './model.ts';
import { type Example, exampleOf, routesOf } from './survey.ts';

/** One account as apps keep it: everything is text, '' where nothing is said. */
export interface Fields {
  readonly host: string;
  readonly port: string;
  readonly username: string;
  readonly password: string;
  readonly enabled: string;
  readonly tls: string;
  readonly ssl: string;
  readonly sender: string;
  readonly name: string;
}

export interface Row {
  readonly fields: Fields;
  readonly at: Place;
}

export interface RowsOptions {
  readonly note: Note;
  readonly findings: readonly Finding[];
  /** Whether the first row also takes the mail of senders that no row names. */
  readonly everybody: boolean;
}

/** Each row becomes an account, and a route from its sender. */
export function routesOfRows(rows: readonly Row[], options: RowsOptions): Imported {
  const { note, findings, everybody } = options;
  const bySender = new Map<string, { example: Example; fate: Fate }>();
  for (const row of rows) {
    const [host = ''] = splitHost(row.fields.host);
    if (!isHost(host)) {
      note('left-out', row.at, `account at ${row.fields.host}`, 'that is no name of a server');
      continue;
    }
    const example = senderOf(row, note);
    if (example === null) continue;
    const earlier = bySender.get(example.address);
    if (earlier !== undefined) {
      note(
        'left-out',
        row.at,
        `a second account for ${example.pattern}`,
        `the one of ${placeText(earlier.fate.at)} is used`,
      );
      continue;
    }
    bySender.set(example.address, { example, fate: fateOf(row, note) });
  }
  const [only] = [...bySender.values()];
  const routes = routesOf({
    senders: [...bySender.values()].map(({ example }) => example),
    recipients: [],
    fateOf: (sender) => bySender.get(sender)?.fate ?? (everybody ? (only?.fate ?? null) : null),
    same: sameFate,
  });
  return { ...unsaid, routes, findings };
}

/** The sender, else the login where it is an address. `Name <a@b>` is a@b. */
function senderOf({ fields, at }: Row, note: Note): Example | null {
  const given = /<([^<>]+)>/.exec(fields.sender)?.[1] ?? fields.sender;
  const text = (given === '' ? fields.username : given).trim();
  const example = exampleOf(/^[\w-]+(?:\.[\w-]+)+$/.test(text) ? `@${text}` : text);
  if (example !== null) return example;
  note(
    'left-out',
    at,
    `account at ${fields.host}`,
    'neither a sender nor the login is an address, so nothing would choose it; add a sender',
  );
  return null;
}

function fateOf({ fields, at }: Row, note: Note): Fate {
  const [host = '', ownPort] = splitHost(fields.host);
  const tls = tlsOf(fields);
  const port = readPort(fields.port) ?? readPort(ownPort ?? '') ?? (tls === 'implicit' ? 465 : 587);
  if (fields.port !== '' && readPort(fields.port) === null) {
    note('changed', at, `port ${fields.port}`, `that is no port; ${port} is used`);
  }
  const login = fields.username !== '' && fields.password !== '';
  if (fields.username !== '' && !login) {
    note('left-out', at, `login as ${fields.username}`, 'its password is empty');
  }
  const upstream: Upstream = {
    host,
    port,
    // Apps say `ssl` for 587 and `tls` for 465, too: the port knows better.
    tls: tls === 'implicit' && port === 587 ? 'starttls' : port === 465 ? 'implicit' : tls,
    verified: true,
    login: login
      ? { username: fields.username, password: { is: 'text', text: fields.password }, auth: 'auto' }
      : null,
    extra: {},
    name: fields.name === '' ? null : fields.name,
    at,
  };
  return { is: 'send', through: [upstream], edits: noEdits, at };
}

function splitHost(text: string): readonly string[] {
  const bare = text.trim().replace(/^(?:smtps?|ssl|tls):\/\//i, '');
  return /^(.+):(\d+)$/.exec(bare)?.slice(1) ?? [bare];
}

/** `ssl`, `tls`, `starttls`, `true`, `0`, … and the separate `use_ssl` of Django. */
function tlsOf({ tls, ssl, host }: Fields): UpstreamTls {
  const text = tls.trim().toLowerCase();
  if (
    isTrue(ssl) ||
    /^(?:ssl|smtps|implicit|ssl\/tls|tls\/ssl)$/.test(text) ||
    /^(?:smtps|ssl):/i.test(host)
  ) {
    return 'implicit';
  }
  if (/^(?:tls|starttls|start_tls|required|explicit)$/.test(text)) return 'starttls';
  return 'as-port-says';
}

export function isTrue(text: string): boolean {
  return /^(?:1|t|true|y|yes|on|active|enabled)$/i.test(text.trim());
}

export function isFalse(text: string): boolean {
  return /^(?:0|f|false|n|no|off|inactive|disabled|null)$/i.test(text.trim());
}
