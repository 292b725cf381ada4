import { isAscii } from '../mail/ascii.ts';

/** An address taken apart for comparison; never for sending, which uses the client's own bytes. */
export interface ComparableAddress {
  /** Unquoted (RFC 5321 section 4.1.2: quoting does not change the mailbox), lower case, NFC. */
  readonly local: string;
  /** Lower case, every label in its ASCII form. */
  readonly domain: string;
}

/**
 * Splits at the last `@`: a quoted local part may hold others, a domain cannot. Null without a
 * domain.
 */
export function comparableAddress(address: string): ComparableAddress | null {
  const at = address.lastIndexOf('@');
  if (at < 0) return null;
  return {
    local: foldCase(unquote(address.slice(0, at))),
    domain: comparableDomain(address.slice(at + 1)),
  };
}

/**
 * The form in which two spellings of one domain are equal: RFC 5321 section 2.4 for letter case,
 * RFC 5890 section 2.3.2 for U-labels and A-labels. What is no domain name is only lower-cased.
 */
export function comparableDomain(domain: string): string {
  const lower = foldCase(domain);
  if (isAscii(lower)) return lower;
  // `*` of a pattern is no host character: labels are converted one by one, those with a glob are
  // kept.
  return lower
    .split(/[.\u3002\uff0e\uff61]/)
    .map((label) => (isAscii(label) || label.includes('*') ? label : asciiLabel(label)))
    .join('.');
}

/**
 * The platform's own UTS 46 conversion; a label it refuses stays as it is and matches only itself.
 */
function asciiLabel(label: string): string {
  const url = /[\s%/\\?#@:[\]<>^|]/.test(label) ? null : URL.parse(`http://${label}.example/`);
  return url === null ? label : url.hostname.slice(0, -'.example'.length);
}

/** `"a\ b"` -> `a b`; anything not quoted is returned as it is. */
function unquote(local: string): string {
  if (!isQuoted(local)) return local;
  return local.slice(1, -1).replace(/\\(.)/gs, '$1');
}

export function isQuoted(local: string): boolean {
  return local.length >= 2 && local.startsWith('"') && local.endsWith('"');
}

/** RFC 6532 section 3.1: UTF-8 is compared in normalisation form C. */
function foldCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.normalize('NFC').toLowerCase();
}
