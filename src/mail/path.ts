import { isIPv4, isIPv6 } from 'node:net';

/**
 * RFC 5321 section 4.5.3.1.1 to 4.5.3.1.3, in octets. The path's limit counts its angle brackets.
 */
export const localPartBytesMax = 64;
export const domainBytesMax = 255;
export const pathBytesMax = 256;
/** RFC 1035 section 2.3.4 */
const labelBytesMax = 63;

export interface AddressArgument {
  /** What stands between the angle brackets, a source route removed. */
  readonly path: string;
  /** What follows the path: ESMTP parameters, outer spaces removed. */
  readonly parameters: string;
}

/**
 * Takes the argument of MAIL or RCPT apart (`FROM:<a@b> SIZE=1`). Spaces after the colon are no
 * part of the grammar, but common. Null when it is not `KEYWORD:<...>`.
 */
export function splitAddressArgument(
  argument: string,
  keyword: 'FROM' | 'TO',
): AddressArgument | null {
  const opening = keyword === 'FROM' ? /^FROM: *</i : /^TO: *</i;
  const from = opening.exec(argument)?.[0].length;
  if (from === undefined) return null;
  const to = closingBracket(argument, from);
  if (to < 0) return null;
  const rest = argument.slice(to + 1);
  if (rest !== '' && !rest.startsWith(' ')) return null;
  return { path: withoutSourceRoute(argument.slice(from, to)), parameters: rest.trim() };
}

/** The first `>` outside a quoted string; -1 when there is none. */
function closingBracket(text: string, from: number): number {
  let quoted = false;
  for (let index = from; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '>') return index;
    else if (!quoted && character === '<') return -1;
  }
  return -1;
}

/** RFC 5321 section 4.1.2 and appendix C: a source route is accepted and ignored. */
function withoutSourceRoute(path: string): string {
  return path.replace(/^@[^\s,:@"]+(?:,@[^\s,:@"]+)*:/, '');
}

export type MailboxFault = 'syntax' | 'too-long';

/**
 * Judges `local-part@domain` (RFC 5321 section 4.1.2, with RFC 6531 section 3.3 for octets above
 * 127). Null when it is one.
 */
export function mailboxFault(mailbox: string): MailboxFault | null {
  if (mailbox.length <= labelBytesMax && PLAIN_MAILBOX.test(mailbox)) return null;
  if (Buffer.byteLength(mailbox) + 2 > pathBytesMax) return 'too-long';
  const at = mailbox.lastIndexOf('@');
  const local = mailbox.slice(0, Math.max(0, at));
  const domain = mailbox.slice(at + 1);
  if (at < 1 || !isLocalPart(local) || !isDomain(domain)) return 'syntax';
  if (Buffer.byteLength(local) > localPartBytesMax) return 'too-long';
  return Buffer.byteLength(domain) > domainBytesMax ? 'too-long' : null;
}

/** What nearly every mailbox is; a short one is within all limits. */
const PLAIN_ATOM = String.raw`[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~-]+`;
const PLAIN_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const PLAIN_MAILBOX = new RegExp(
  `^${PLAIN_ATOM}(?:\\.${PLAIN_ATOM})*@${PLAIN_LABEL}(?:\\.${PLAIN_LABEL})*$`,
);

/** U+0080 to U+009F are controls: no address holds them. */
const ATOM = String.raw`[A-Za-z0-9!#$%&'*+/=?^_\x60{|}~\u{a0}-\u{10ffff}-]+`;
const DOT_STRING = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const QUOTED_STRING = /^"(?:[ !#-[\]-~\u{a0}-\u{10ffff}]|\\[ -~])*"$/u;

function isLocalPart(local: string): boolean {
  return DOT_STRING.test(local) || QUOTED_STRING.test(local);
}

function isDomain(domain: string): boolean {
  if (domain.startsWith('[')) return isAddressLiteral(domain);
  return domain.split('.').every(isLabel);
}

const LABEL =
  /^[A-Za-z0-9\u{a0}-\u{10ffff}](?:[A-Za-z0-9\u{a0}-\u{10ffff}-]*[A-Za-z0-9\u{a0}-\u{10ffff}])?$/u;

function isLabel(label: string): boolean {
  return label.length <= labelBytesMax && LABEL.test(label);
}

/** RFC 5321 section 4.1.3; of the tags it foresees only IPv6 was ever registered. */
function isAddressLiteral(domain: string): boolean {
  if (!domain.endsWith(']')) return false;
  const content = domain.slice(1, -1);
  return /^ipv6:/i.test(content) ? isIPv6(content.slice('ipv6:'.length)) : isIPv4(content);
}

/** RFC 6531 section 3.3: only a client that gave SMTPUTF8 may use such a path. */
export function needsSmtpUtf8(path: string): boolean {
  return /[^\x00-\x7f]/.test(path);
}
