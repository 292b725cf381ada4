import type { FileReader, Note, Place } from '../model.ts';
import type { EximConfig, Instance, Option } from './config.ts';
import { expand } from './expand.ts';
import { type ListMembers, listMatches } from './lists.ts';
import { type MapEntry, readMap, search } from './lookup.ts';
import { ForcedFailure, type ListKind, type Scope, Unsupported } from './scope.ts';

/** The configuration and all that it may look at. */
export interface World {
  readonly config: EximConfig;
  readonly hostname: string;
  readonly read: FileReader;
  readonly note: Note;
  readonly maps: Map<string, readonly MapEntry[] | null>;
}

/** One message on its way: what expansions may ask about. */
export interface Mail {
  readonly sender: string;
  readonly recipient: string;
  readonly host?: string;
  readonly addressData?: string;
}

/** An address for $host_address; lists that are made from it name it. */
export const someHostAddress = '192.0.2.25';

export function entriesOf(world: World, path: string): readonly MapEntry[] | null {
  const known = world.maps.get(path);
  if (known !== undefined) return known;
  const text = world.read(path);
  const entries = text === null ? null : readMap(text);
  world.maps.set(path, entries);
  return entries;
}

/** Named lists may name others; a list that names itself must end. */
const listDepthMax = 20;

export function scopeOf(world: World, mail: Mail): Scope {
  let depth = 0;
  const lookup: Scope['lookup'] = (type, key, path) => {
    const entries = entriesOf(world, path);
    if (entries === null) {
      throw new Unsupported(
        `it looks into ${path}, which cannot be read; name it, too, or use --root`,
      );
    }
    return search(type, key, entries)?.value ?? null;
  };
  const members: ListMembers = {
    named: (kind, name) => {
      const list = world.config.lists.get(`${kind.replace('_', '')} ${name}`);
      if (list === undefined) return null;
      depth += 1;
      if (depth > listDepthMax) throw new Unsupported(`the list ${name} names itself`);
      return expand(list.value, scope);
    },
    inFile: (type, key, path) => lookup(type, key, path) !== null,
    ownName: world.hostname,
  };
  const scope: Scope = {
    variable: (name) => variableOf(world, mail, name.toLowerCase()),
    lookup,
    read: world.read,
    inList: (kind, subject, list) => {
      depth = 0;
      return listMatches(kind, subject, list, members);
    },
  };
  return scope;
}

const split = (address: string): readonly [string, string] => {
  const at = address.lastIndexOf('@');
  return at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)];
};

function variableOf({ hostname, config }: World, mail: Mail, name: string): string | null {
  const [local, domain] = split(mail.recipient);
  const [senderLocal, senderDomain] = split(mail.sender);
  const known: Readonly<Record<string, string | undefined>> = {
    sender_address: mail.sender,
    sender_address_domain: senderDomain,
    sender_address_local_part: senderLocal,
    return_path: mail.sender,
    local_part: local,
    local_part_data: local,
    local_part_prefix: '',
    local_part_suffix: '',
    original_local_part: local,
    domain,
    domain_data: domain,
    original_domain: domain,
    host: mail.host,
    host_address: mail.host === undefined ? undefined : someHostAddress,
    address_data: mail.addressData ?? '',
    primary_hostname: hostname,
    smtp_active_hostname: hostname,
    qualify_domain: config.main.get('qualify_domain')?.value ?? hostname,
    // A login is only for an encrypted connection, then and now.
    tls_out_cipher: 'TLS',
    tls_cipher: 'TLS',
    parent_domain: '',
    parent_local_part: '',
  };
  // The From field is taken to be the sender, as it is with most apps.
  if (/^(?:[rbl]?h|[rbl]?header)_(?:from|sender)$/.test(name)) return mail.sender;
  return known[name] ?? null;
}

export interface Asked {
  readonly world: World;
  readonly mail: Mail;
  /** Router, transport or authenticator, for the report. */
  readonly what: string;
}

/** The value of an option for this mail; null when it is not set or fails; what is not understood is noted. */
export function optionText(
  option: Option | undefined,
  asked: Asked,
  groups?: readonly string[],
): string | null {
  if (option === undefined) return null;
  return attempt(option, asked, () =>
    expand(option.value, scopeOf(asked.world, asked.mail), groups),
  );
}

/** Null after a forced failure, and after what is not understood, which is noted. */
export function attempt<T>(option: { readonly at: Place }, asked: Asked, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof ForcedFailure) return null;
    if (!(error instanceof Unsupported)) throw error;
    asked.world.note('left-out', option.at, asked.what, error.message);
    return null;
  }
}

/** Whether a list option takes the subject; null when it is not set or cannot be told. */
export function inListOption(
  kind: ListKind,
  subject: string,
  option: Option | undefined,
  asked: Asked,
): boolean | null {
  if (option === undefined) return null;
  const scope = scopeOf(asked.world, asked.mail);
  return attempt(option, asked, () => scope.inList(kind, subject, expand(option.value, scope)));
}

/** Options that change nothing here are passed over; the others that nobody reads are noted. */
export function noteUnread(
  { name, options }: Instance,
  { kind, note, known }: { readonly kind: string; readonly note: Note; readonly known: RegExp },
): void {
  for (const [option, { at }] of options) {
    if (!known.test(option)) {
      note('left-out', at, `${option} of ${kind} ${name}`, 'relayd has no such setting');
    }
  }
}
