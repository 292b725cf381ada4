import { assert } from '../lib/assert.ts';
import { isAscii } from './ascii.ts';
import { formatDateTime } from './date-time.ts';
import { encodedMailbox, headerField } from './dsn-field.ts';
import type { DsnInput } from './dsn-input.ts';
import { deliveryStatus } from './dsn-status.ts';
import { dsnSubject, dsnText } from './dsn-text.ts';
import { quotedPrintable } from './quoted-printable.ts';

/** Larger originals are returned as their header only, whatever RET asked. */
const returnedBytesMax = 128 * 1024;
/** More of a header block than this helps nobody. */
const returnedHeaderBytesMax = 64 * 1024;

/**
 * The bytes of a delivery status notification (RFC 3464 in the multipart/report of RFC 6522): text
 * for people, fields for programs, and the original message or its header. CRLF line ends, no line
 * above 998 octets. Holds octets above 127 only when the original did and is returned whole, or the
 * reverse-path does.
 */
export function composeDsn(input: DsnInput): Buffer {
  assert(/^[\w=.-]{1,60}$/.test(input.boundary), 'a MIME boundary of safe characters');
  assert(input.recipients.length > 0, 'a notification is about at least one recipient');
  const returned = returnedPart(input);
  const parts = [textPart(dsnText(input, returned.whole)), statusPart(input), returned.part];
  const boundary = unusedBoundary(input.boundary, parts);
  const delimiter = `--${boundary}\r\n`;
  return Buffer.concat([
    Buffer.from(header(input, boundary, returned.eightBit)),
    ...parts.flatMap((part) => [Buffer.from(delimiter), part, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
}

function header(input: DsnInput, boundary: string, eightBit: boolean): string {
  const id = threadId(input.original.messageIdField);
  const type = `multipart/report; report-type=delivery-status; boundary="${boundary}"`;
  return [
    headerField('From', encodedMailbox(input.from)),
    headerField('To', `<${input.to}>`),
    headerField('Subject', dsnSubject(input.action)),
    headerField('Date', formatDateTime(input.dateMs)),
    headerField('Message-ID', input.messageIdField),
    // RFC 3834 section 5: so that no responder answers.
    headerField('Auto-Submitted', 'auto-replied'),
    ...(id === null ? [] : [headerField('In-Reply-To', id), headerField('References', id)]),
    headerField('MIME-Version', '1.0'),
    headerField('Content-Type', type),
    ...(eightBit ? [headerField('Content-Transfer-Encoding', '8bit')] : []),
    '\r\n',
  ].join('');
}

/** RFC 5322 section 3.6.4: only what is a message identifier may be referred to. */
function threadId(field: string | null): string | null {
  return field !== null && /^<[!-;=?-~]{1,240}>$/.test(field) ? field : null;
}

function textPart(text: string): Buffer {
  const plain = isAscii(text);
  return Buffer.from(
    [
      headerField('Content-Type', `text/plain; charset=${plain ? 'us-ascii' : 'utf-8'}`),
      ...(plain ? [] : [headerField('Content-Transfer-Encoding', 'quoted-printable')]),
      '\r\n',
      plain ? text : quotedPrintable(Buffer.from(text)),
    ].join(''),
  );
}

function statusPart(input: DsnInput): Buffer {
  const type = headerField('Content-Type', 'message/delivery-status');
  return Buffer.from(`${type}\r\n${deliveryStatus(input)}`);
}

interface Returned {
  readonly part: Buffer;
  readonly whole: boolean;
  readonly eightBit: boolean;
}

/** RFC 3461 section 4.3: RET=FULL concerns failures; everything else gets the header back. */
function returnedPart({ action, original }: DsnInput): Returned {
  const { content, complete, ret } = original;
  const wanted = action === 'failed' && ret === 'FULL' && complete;
  if (wanted && content.length <= returnedBytesMax && isSendable(content)) {
    const eightBit = content.some((octet) => octet > 127);
    const fields = [
      headerField('Content-Type', 'message/rfc822'),
      // RFC 2046 section 5.2.1: no other encoding is allowed for it.
      ...(eightBit ? [headerField('Content-Transfer-Encoding', '8bit')] : []),
    ];
    const part = Buffer.concat([Buffer.from(`${fields.join('')}\r\n`), content]);
    return { part, whole: true, eightBit };
  }
  return { part: headersPart(headerBlock(content)), whole: false, eightBit: false };
}

/** RFC 6522 section 4: 7-bit where possible, else quoted-printable, which every reader can show. */
function headersPart(block: Buffer): Buffer {
  const sendable = isSendable(block) && !block.some((octet) => octet > 127);
  const fields = [
    headerField('Content-Type', 'text/rfc822-headers'),
    ...(sendable ? [] : [headerField('Content-Transfer-Encoding', 'quoted-printable')]),
  ];
  const encoded = sendable ? block : Buffer.from(quotedPrintable(withCrlf(block)));
  return Buffer.concat([Buffer.from(`${fields.join('')}\r\n`), encoded]);
}

/** Everything before the first empty line, at most 64 KiB of whole lines. */
function headerBlock(content: Buffer): Buffer {
  if (content.subarray(0, 2).equals(CRLF)) return Buffer.alloc(0);
  const end = content.indexOf('\r\n\r\n');
  const block = end < 0 ? content : content.subarray(0, end + 2);
  if (block.length <= returnedHeaderBytesMax) return block;
  const cut = block.lastIndexOf(CRLF, returnedHeaderBytesMax - CRLF.length);
  return block.subarray(0, cut < 0 ? returnedHeaderBytesMax : cut + CRLF.length);
}

const CRLF = Buffer.from('\r\n');

function withCrlf(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
}

/**
 * RFC 5321 sections 2.3.8 and 4.5.3.1.6: CR and LF only together, no NUL, lines of at most 998
 * octets.
 */
function isSendable(text: Buffer): boolean {
  return !/[^\r\n]{999}|\0|\r(?!\n)|(?<!\r)\n/.test(text.toString('latin1'));
}

/** RFC 2046 section 5.1.1: the delimiter must not appear inside a part. */
function unusedBoundary(wanted: string, parts: readonly Buffer[]): string {
  let boundary = wanted;
  while (boundary.length < 70 && parts.some((part) => part.includes(`--${boundary}`))) {
    boundary += '=';
  }
  return boundary;
}
