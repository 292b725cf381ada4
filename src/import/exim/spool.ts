import { ImportError } from '../model.ts';

/**
 * Exim's spool: ID-H holds envelope and header, ID-D the body, ID-J who was served since (the
 * chapter "Format of spool files" of its specification).
 */

/** The three files of one message, as they are on disk. */
export interface SpoolFiles {
  readonly id: string;
  readonly header: Buffer;
  readonly data: Buffer;
  readonly journal: Buffer | null;
}

export interface SpooledRecipient {
  readonly address: string;
  /** RFC 3461, as `NOTIFY=` and `ORCPT=` had it; null when nothing was said. */
  readonly notify: string | null;
  readonly orcpt: string | null;
}

export interface SpooledMessage {
  /** Exim's own id. */
  readonly id: string;
  /** '' is the null reverse-path. */
  readonly reversePath: string;
  /** Those who have not got it yet. */
  readonly recipients: readonly SpooledRecipient[];
  readonly receivedAtMs: number;
  readonly frozen: boolean;
  /** Who submitted it, by login. */
  readonly authenticatedAs: string | null;
  /** `127.0.0.1.4455`: address and port; null for mail from this machine's programs. */
  readonly hostAddress: string | null;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  /** Header and body as they go out, CRLF line ends. */
  readonly bytes: Buffer;
}

/** `1wKd3Y-0000Ab-2x`, since 4.97 with longer parts. */
const ID =
  /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}$|^[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}$/;

export function isSpoolId(text: string): boolean {
  return ID.test(text);
}

/** Reads one message; recipients may be none. Throws ImportError for what Exim would not have written. */
export function readSpooled(files: SpoolFiles): SpooledMessage {
  const cursor: Cursor = { text: files.header.toString('latin1'), at: 0, id: files.id };
  if (line(cursor) !== `${files.id}-H`) throw damaged(cursor, 'its first line is not its name');
  line(cursor); // who submitted it: login, uid and gid
  const [, path] = /^<(.*)>$/s.exec(line(cursor)) ?? [];
  const [, seconds] = /^(\d+) -?\d+$/.exec(line(cursor)) ?? [];
  if (path === undefined || seconds === undefined)
    throw damaged(cursor, 'sender or time is missing');
  const facts = readFacts(cursor);
  const served = new Set(readTree(cursor).map(comparable));
  for (const address of files.journal?.toString('latin1').split('\n') ?? [])
    served.add(comparable(address));
  const count = Number(line(cursor));
  if (!Number.isInteger(count) || count < 0)
    throw damaged(cursor, 'the number of recipients is missing');
  const recipients = Array.from({ length: count }, () => readRecipient(line(cursor)));
  if (line(cursor) !== '') throw damaged(cursor, 'there are more recipients than it says');
  const ret = { 1: 'FULL', 2: 'HDRS' }[facts.get('dsn_ret') ?? ''] ?? null;
  return {
    id: files.id,
    reversePath: utf8(path),
    recipients: recipients.filter(({ address }) => !served.has(comparable(address))),
    receivedAtMs: Number(seconds) * 1000 + fraction(facts.get('received_time_usec')),
    frozen: facts.has('frozen'),
    authenticatedAs: facts.get('auth_id') ?? null,
    hostAddress: facts.get('host_address') ?? null,
    ret: ret as SpooledMessage['ret'],
    envid: facts.get('dsn_envid') ?? null,
    smtpUtf8: facts.has('smtputf8'),
    eightBitMime: facts.get('body_8bitmime') === '8' || facts.get('body_8bitmime') === '2',
    bytes: messageBytes(cursor, files, facts.has('spool_file_wireformat')),
  };
}

interface Cursor {
  /** Octets, one character each. */
  readonly text: string;
  at: number;
  readonly id: string;
}

function line(cursor: Cursor): string {
  const end = cursor.text.indexOf('\n', cursor.at);
  if (end < 0) throw damaged(cursor, 'it ends too early');
  const found = cursor.text.slice(cursor.at, end);
  cursor.at = end + 1;
  return found;
}

function damaged({ id }: Cursor, why: string): ImportError {
  return new ImportError(`${id}-H cannot be read: ${why}`);
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** `.123456`, microseconds. */
function fraction(text: string | undefined): number {
  return Math.floor(Number(`0${text ?? ''}`) * 1000) || 0;
}

/** Local parts may differ by case, domains do not. */
function comparable(address: string): string {
  const at = address.lastIndexOf('@');
  return address.slice(0, at) + address.slice(at).toLowerCase();
}

/** `-name value` lines; a second dash marks what came from outside. ACL variables hold their length. */
function readFacts(cursor: Cursor): Map<string, string> {
  const facts = new Map<string, string>();
  while (cursor.text[cursor.at] === '-') {
    const [, name = '', value = ''] = /^--?(?:\([^)]*\))?(\S+) ?(.*)$/s.exec(line(cursor)) ?? [];
    if (/^acl[cm]?$/.test(name)) {
      const length = Number(value.split(' ').at(-1));
      cursor.at += length + 1;
    } else facts.set(name, utf8(value));
  }
  return facts;
}

/** The tree of those who are served: `YN address` says that a left and no right branch follow. */
function readTree(cursor: Cursor): string[] {
  const first = line(cursor);
  return first === 'XX' ? [] : branch(first, cursor);
}

function branch(node: string, cursor: Cursor): string[] {
  const [, left, right, address] = /^([YN])([YN]) (.*)$/s.exec(node) ?? [];
  if (address === undefined) throw damaged(cursor, 'the list of those who are served is broken');
  return [
    utf8(address),
    ...(left === 'Y' ? branch(line(cursor), cursor) : []),
    ...(right === 'Y' ? branch(line(cursor), cursor) : []),
  ];
}

/**
 * An address, and behind it in the form `orcpt length,flags errors-to length,parent#bits` what else
 * is known. Addresses may hold spaces, so that it is read from the end.
 */
function readRecipient(text: string): SpooledRecipient {
  const [, before = text, bits = '0'] = /^(.*)#(\d+)$/s.exec(text) ?? [];
  let rest = before;
  let [orcpt, flags]: [string | null, number] = [null, 0];
  const take = (): { readonly words: string; readonly number: number } => {
    const [all, length = '0', number = '0'] = / (\d+),(-?\d+)$/.exec(rest) ?? [];
    if (all === undefined) return { words: '', number: 0 };
    const end = rest.length - all.length;
    const words = rest.slice(end - Number(length), end);
    rest = rest.slice(0, end - Number(length)).replace(/ $/, '');
    return { words, number: Number(number) };
  };
  if (Number(bits) & 1) take();
  if (Number(bits) & 2) {
    const found = take();
    orcpt = found.words === '' ? null : found.words;
    flags = found.number;
  }
  const address = bits === '0' ? text : rest;
  return { address: utf8(address), notify: notifyOf(flags), orcpt };
}

/** Bits of Exim's own: never, success, failure, delay. */
function notifyOf(flags: number): string | null {
  if (flags & 0x02) return 'NEVER';
  const words = [
    [0x04, 'SUCCESS'],
    [0x08, 'FAILURE'],
    [0x10, 'DELAY'],
  ] as const;
  const chosen = words.filter(([bit]) => flags & bit).map(([, word]) => word);
  return chosen.length === 0 ? null : chosen.join(',');
}

/** `123F From: …`: octets, a letter (`*`: deleted, `B`: Bcc) and the field. */
function messageBytes(cursor: Cursor, { id, data }: SpoolFiles, wire: boolean): Buffer {
  let header = '';
  while (cursor.at < cursor.text.length) {
    const [all, length = '0', letter] =
      /^(\d{3,})(.) /.exec(cursor.text.slice(cursor.at, cursor.at + 16)) ?? [];
    if (all === undefined) throw damaged(cursor, 'a header field is broken');
    const start = cursor.at + all.length;
    const field = cursor.text.slice(start, start + Number(length));
    if (field.length < Number(length)) throw damaged(cursor, 'it ends too early');
    // Nobody but the sender may read who else gets it (RFC 5322 section 3.6.3).
    if (letter !== '*' && letter !== 'B') header += field;
    cursor.at = start + Number(length);
    if (cursor.text[cursor.at] === '\n' && !field.endsWith('\n')) cursor.at += 1;
  }
  const name = `${id}-D\n`;
  if (data.toString('latin1', 0, name.length) !== name) {
    throw new ImportError(`${id}-D cannot be read: its first line is not its name`);
  }
  const body = data.subarray(name.length);
  const fields = Buffer.from(crlf(`${header.replace(/\n?$/, '\n')}\n`), 'latin1');
  return Buffer.concat([
    fields,
    wire ? body : Buffer.from(crlf(body.toString('latin1')), 'latin1'),
  ]);
}

/** Exim keeps LF; a CR that stands alone would be refused upstream. */
function crlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}
