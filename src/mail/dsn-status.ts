import { isAscii } from './ascii.ts';
import { formatDateTime } from './date-time.ts';
import { headerField } from './dsn-field.ts';
import type { DsnInput, DsnRecipient } from './dsn-input.ts';
import { formatReply } from './reply.ts';
import { decodeXtext } from './xtext.ts';

/**
 * RFC 3464 section 2: the fields of message/delivery-status, ASCII only, groups parted by empty
 * lines.
 */
export function deliveryStatus(input: DsnInput): string {
  const { original } = input;
  const perMessage = [
    // RFC 3464 section 2.2.1: required when the client gave ENVID; the xtext is decoded.
    ...(original.envid === null
      ? []
      : [asciiField('Original-Envelope-Id', decodeXtext(original.envid) ?? original.envid)]),
    asciiField('Reporting-MTA', `dns; ${input.reportingMta}`),
    asciiField('Arrival-Date', formatDateTime(original.arrivedAtMs)),
  ].join('');
  const groups = input.recipients.map((recipient) => perRecipient(input, recipient));
  return [perMessage, ...groups].join('\r\n');
}

/** RFC 3464 section 2.3, in the order of its grammar. */
function perRecipient({ action }: DsnInput, recipient: DsnRecipient): string {
  const { orcpt, reply, remoteMta, lastAttemptAtMs, retryUntilMs } = recipient;
  return [
    ...(orcpt === null ? [] : [asciiField('Original-Recipient', originalRecipient(orcpt))]),
    asciiField('Final-Recipient', typedAddress(recipient.forwardPath)),
    asciiField('Action', action),
    asciiField('Status', recipient.status),
    ...(remoteMta === null ? [] : [asciiField('Remote-MTA', `dns; ${remoteMta}`)]),
    ...(reply === null ? [] : [asciiField('Diagnostic-Code', `smtp; ${formatReply(reply)}`)]),
    ...(lastAttemptAtMs === null
      ? []
      : [asciiField('Last-Attempt-Date', formatDateTime(lastAttemptAtMs))]),
    ...(action === 'delayed' && retryUntilMs !== null
      ? [asciiField('Will-Retry-Until', formatDateTime(retryUntilMs))]
      : []),
  ].join('');
}

/** RFC 3464 section 2.1: these fields are ASCII; what is not cannot be shown here. */
function asciiField(name: string, value: string): string {
  return headerField(name, value.replace(/[^\x00-\x7f]/gu, '?'));
}

/**
 * RFC 6533 section 3: an address outside ASCII has the type utf-8, written so that ASCII can carry
 * it.
 */
function typedAddress(address: string): string {
  return isAscii(address)
    ? `rfc822; ${address}`
    : `utf-8; ${unicodeAsAscii(address, /[^!-*,-<>-[\]-~]/gu)}`;
}

/** RFC 6533 section 3, EmbeddedUnicodeChar. */
function unicodeAsAscii(text: string, what: RegExp): string {
  return text.replace(what, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return `\\x{${point.toString(16).toUpperCase().padStart(2, '0')}}`;
  });
}

/**
 * RFC 3461 section 4.2 `type;xtext`, decoded; of type utf-8 (RFC 6533) it stays in its ASCII form.
 */
function originalRecipient(orcpt: string): string {
  const at = orcpt.indexOf(';');
  const type = orcpt.slice(0, Math.max(0, at));
  const encoded = orcpt.slice(at + 1);
  if (type.toLowerCase() === 'utf-8') {
    return `${type}; ${unicodeAsAscii(encoded, /[^\x00-\x7f]/gu)}`;
  }
  const decoded = decodeXtext(encoded);
  // What the decoding would make unprintable is shown as it came.
  const address = decoded !== null && /^[ -~]*$/.test(decoded) ? decoded : encoded;
  return `${type}; ${address}`;
}
