import { isIP } from 'node:net';

/**
 * What importers make of another program's files: upstreams, and who sends through which of them.
 * The layer is pure: files are read through a `FileReader` that the caller gives.
 */

/** Where something stands; lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** The text of a file, null when there is none that can be read. */
export type FileReader = (path: string) => string | null;

/** Where a password comes from: it stands in the file, or a program prints it. */
export type PasswordSource =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'command'; readonly command: readonly string[] };

export interface Login {
  readonly username: string;
  readonly password: PasswordSource;
  readonly auth: 'auto' | 'plain' | 'login' | 'cram-md5';
}

/** `as-port-says`: nobody said anything, the port decides. */
export type UpstreamTls = 'implicit' | 'starttls' | 'opportunistic' | 'none' | 'as-port-says';

/** One server with one login; equal ones become one account. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly tls: UpstreamTls;
  /** The other program checked the certificate. */
  readonly verified: boolean;
  readonly login: Login | null;
  /** Keys of the account as relay.yaml has them: source_address, proxy, limits, … */
  readonly extra: AccountExtra;
  /** The name that the other program had for it. */
  readonly name: string | null;
  readonly at: Place;
}

export interface AccountExtra {
  readonly source_address?: string;
  readonly proxy?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly servername?: string;
  readonly messages_per_connection?: number;
  readonly recipients?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route changes in the messages that take it. */
export interface Edits {
  /** The address that replaces the sender's. */
  readonly from: string | null;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

export const noEdits: Edits = { from: null, add: {}, remove: [] };

/** What becomes of mail from one sender to one recipient. */
export type Fate =
  | {
      readonly is: 'send';
      /** In order: the later ones are for when the earlier do not work. */
      readonly through: readonly Upstream[];
      readonly edits: Edits;
      readonly at: Place;
    }
  | { readonly is: 'discard' | 'hold'; readonly at: Place }
  | { readonly is: 'reject'; readonly text: string; readonly at: Place };

/** The text is said to the sender, in ASCII; without one it is the usual. */
export function reject(at: Place, text = ''): Fate {
  const ascii = text.replace(/[^ -~]+/g, ' ').trim();
  return { is: 'reject', text: ascii || 'no upstream account for this sender', at };
}

/** A rule in the making; patterns as relay.yaml has them, null: everybody. */
export interface RouteDraft {
  readonly sender: string | null;
  readonly recipient: string | null;
  readonly fate: Fate;
}

/** Who may submit without a password, by address. */
export interface ClientDraft {
  readonly name: string;
  readonly networks: readonly string[];
}

export const loopbackNetworks: readonly string[] = ['127.0.0.1/32', '::1/128'];

/** How one thing of the old configuration fared. */
export interface Finding {
  readonly is: 'carried' | 'changed' | 'left-out';
  readonly at: Place;
  /** What stands there, without secrets. */
  readonly what: string;
  /** What became of it, or why not. */
  readonly why: string;
}

/** Takes findings; the same one counts once. */
export type Note = (is: Finding['is'], at: Place, what: string, why: string) => void;

/** All that an importer found. */
export interface Imported {
  readonly hostname: string | null;
  /** `host:port` to listen on, as relay.yaml has it. */
  readonly listen: readonly string[];
  readonly clients: readonly ClientDraft[];
  readonly routes: readonly RouteDraft[];
  readonly messageBytesMax: number | null;
  /** As relay.yaml has it, `4d`. */
  readonly lifetime: string | null;
  readonly findings: readonly Finding[];
}

/** What relay.yaml begins with where the old program said nothing of its apps: those of this machine. */
export const unsaid: Omit<Imported, 'routes' | 'findings'> = {
  hostname: null,
  listen: ['127.0.0.1:587'],
  clients: [{ name: 'local', networks: loopbackNetworks }],
  messageBytesMax: null,
  lifetime: null,
};

/** Nothing in the files leads to an upstream; the text says what was looked for. */
export class ImportError extends Error {
  override name = 'ImportError';
}

/** A list of findings and the function that fills it. */
export function noteBook(): { readonly note: Note; readonly findings: Finding[] } {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  return {
    findings,
    note: (is, at, what, why) => {
      const key = JSON.stringify([is, at, what, why]);
      if (seen.has(key)) return;
      seen.add(key);
      findings.push({ is, at, what, why });
    },
  };
}

/** Whether relay.yaml takes it as the name or address of a server. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[\p{L}\d_](?:[\p{L}\d_.-]*[\p{L}\d_])?\.?$/u.test(text);
}

/** `1w2d` as relay.yaml has it, which knows no weeks. */
export function withoutWeeks(time: string): string {
  return time.replace(/(\d+)w/g, (_, weeks) => `${Number(weeks) * 7}d`);
}

const namedPorts = new Map([
  ['smtp', 25],
  ['submission', 587],
  ['smtps', 465],
  ['submissions', 465],
]);

/** A port as a number or by its name, null when it is none. */
export function readPort(text: string): number | null {
  const word = text.trim();
  const port = namedPorts.get(word) ?? (/^\d{1,5}$/.test(word) ? Number(word) : 0);
  return port > 0 && port < 65_536 ? port : null;
}
