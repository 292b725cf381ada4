import { formatDateTime } from '../mail/date-time.ts';
import { parseAddressList } from '../mail/header-address.ts';
import { mailboxFault } from '../mail/path.ts';
import { qualifyAddresses } from '../mail/qualify.ts';
import type { Field } from './message.ts';

/** Who calls, and from where. */
export interface Caller {
  readonly uid: number;
  /** Login name. */
  readonly name: string;
  /** Of the user database; '' when it has none. */
  readonly fullName: string;
  /** What is put behind addresses without a domain. */
  readonly domain: string;
}

/** An address that cannot be read; the message says which. */
export class AddressFault extends Error {
  override name = 'AddressFault';
}

/** Fields that hold addresses (RFC 5322 section 3.6), lower case. */
const ADDRESS_FIELD = /^(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)$/;

export interface HeadFacts {
  readonly caller: Caller;
  /** The reverse-path: of a From field that has to be added. '' for the null one. */
  readonly sender: string;
  /** -F */
  readonly fullName: string | null;
  readonly atMs: number;
}

/**
 * The header that is sent: with a trace of who handed the message in, with addresses that have a
 * domain, with a From field, without Return-Path (RFC 5321 section 4.4: it is put in at final
 * delivery). Date and Message-ID are added, and Bcc is taken out, by relayd.
 */
export function composeHead(fields: readonly Field[], facts: HeadFacts): string {
  const { caller, sender, atMs } = facts;
  const kept = fields
    .filter(({ name }) => name !== 'return-path')
    .map(({ name, text }) => (ADDRESS_FIELD.test(name) ? qualified(text, caller.domain) : text));
  const trace = `Received: by ${caller.domain} (relayd sendmail, from userid ${caller.uid});`;
  const lines = [`${trace}\n\t${formatDateTime(atMs)}`, ...kept];
  if (!fields.some(({ name }) => name === 'from')) {
    const address = sender === '' ? `${caller.name}@${caller.domain}` : sender;
    lines.push(`From: ${mailbox(facts.fullName ?? caller.fullName, address)}`);
  }
  return `${lines.join('\n')}\n\n`;
}

/** A field that has nothing to be qualified keeps its bytes. */
function qualified(text: string, domain: string): string {
  const colon = text.indexOf(':') + 1;
  return text.slice(0, colon) + qualifyAddresses(text.slice(colon), domain);
}

/** RFC 5322 section 3.2.5; beyond ASCII as RFC 2047 has it. Latin-1, as fields are kept here. */
function mailbox(name: string, address: string): string {
  const shown = name.replace(/[\x00-\x1f\x7f]/g, ' ').trim();
  const bytes = Buffer.from(address).toString('latin1');
  if (shown === '') return bytes;
  if (/^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+$/.test(shown)) return `${shown} <${bytes}>`;
  if (/^[ -~]+$/.test(shown)) return `"${shown.replace(/["\\]/g, '\\$&')}" <${bytes}>`;
  return `=?utf-8?B?${Buffer.from(shown).toString('base64')}?= <${bytes}>`;
}

/** The recipients that the header names; those of Resent- fields alone when there are any. */
export function recipientsOf(fields: readonly Field[], domain: string): readonly string[] {
  const resent = fields.some(({ name }) => name.startsWith('resent-'));
  const wanted = resent ? /^resent-(?:to|cc|bcc)$/ : /^(?:to|cc|bcc)$/;
  return fields
    .filter(({ name }) => wanted.test(name))
    .flatMap(({ name, text }) => {
      const value = Buffer.from(text.slice(text.indexOf(':') + 1), 'latin1').toString('utf8');
      return addresses(value.replace(/\n(?=[ \t])/g, ''), domain, `the field ${name}`);
    });
}

/** The addresses of a list; throws AddressFault when it is none. */
export function addresses(value: string, domain: string, where: string): readonly string[] {
  const shown = printable(value.trim()).slice(0, shownMax);
  // Alias files may pipe mail into programs; nobody asks relayd for that.
  if (/^\s*[|/]/.test(value)) throw new AddressFault(`${where}: mail goes to no program: ${shown}`);
  const found = CONTROL.test(value) ? null : parseAddressList(qualifyAddresses(value, domain));
  if (found === null) throw new AddressFault(`${where}: cannot be read: ${shown}`);
  const bad = found.find((address) => mailboxFault(address) !== null);
  if (bad !== undefined) throw new AddressFault(`${where}: ${bad} is no mail address`);
  return found;
}

const shownMax = 200;
/** All but the tab. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, '?');
}
