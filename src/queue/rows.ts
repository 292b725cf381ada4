import type { Envelope, EnvelopeRecipient } from '../mail/envelope.ts';
import type { Message } from '../relay/message.ts';
import { messageIdFromNumber, messageIdToNumber } from '../relay/message-id.ts';
import { formatTraceparent, parseTraceparent } from '../relay/trace-context.ts';

/** Columns of a message in both databases, in the order of MessageRow. */
export const MESSAGE_COLUMNS =
  'id, client, reverse_path, recipients, body_type, smtp_utf8, ret, envid, from_address, ' +
  'message_id_field, bound_account, route_sender, route_headers, accepted_at, expires_at, bytes, ' +
  'eight_bit, header_utf8';

/** A message as its columns are bound: flat, because it also crosses the thread boundary. */
export type MessageRow = readonly [
  id: number,
  client: string,
  reversePath: string,
  recipients: string,
  bodyType: string | null,
  smtpUtf8: number,
  ret: string | null,
  envid: string | null,
  from: string | null,
  messageIdField: string | null,
  boundAccount: string | null,
  routeSender: string | null,
  routeHeaders: string | null,
  acceptedAtMs: number,
  expiresAtMs: number,
  bytes: number,
  eightBit: number,
  headerUtf8: number,
];

const flag = (value: boolean): number => (value ? 1 : 0);

function encodeRecipient({ forwardPath, notify, orcpt, blind }: EnvelopeRecipient): unknown {
  if (blind === true) return [forwardPath, notify, orcpt, 'blind'];
  return notify === null && orcpt === null ? forwardPath : [forwardPath, notify, orcpt];
}

/** One address as it is. No address begins like a list. */
function encodeFrom({ from, alsoFrom = [] }: Message): string | null {
  return alsoFrom.length === 0 ? from : JSON.stringify([from, ...alsoFrom]);
}

/** Beside the fields that routes ask for; no field has a colon in its name. */
const TRACE_KEY = ':traceparent';

function encodeHeaders({ routeHeaders, trace }: Message): string | null {
  if (trace !== undefined) {
    return JSON.stringify({ ...routeHeaders, [TRACE_KEY]: formatTraceparent(trace) });
  }
  return Object.keys(routeHeaders).length === 0 ? null : JSON.stringify(routeHeaders);
}

export function encodeMessage(message: Message): MessageRow {
  const { envelope } = message;
  return [
    messageIdToNumber(message.id) ?? Number.NaN,
    message.client,
    envelope.reversePath,
    JSON.stringify(envelope.recipients.map(encodeRecipient)),
    envelope.body,
    flag(envelope.smtpUtf8),
    envelope.ret,
    envelope.envid,
    encodeFrom(message),
    message.messageIdField,
    message.boundAccount,
    message.routeSender,
    encodeHeaders(message),
    message.acceptedAtMs,
    message.expiresAtMs,
    message.bytes,
    flag(message.eightBit),
    flag(message.headerUtf8),
  ];
}

/** The message as far as its row can be read, and what is wrong with the row; null: nothing. */
export interface DecodedMessage {
  readonly message: Message;
  readonly problem: string | null;
}

/**
 * A row comes from a disk: every value is checked, and what cannot be read gets a harmless
 * stand-in.
 */
export function decodeMessage(row: readonly unknown[]): DecodedMessage {
  const problems: string[] = [];
  const column = <T>(index: number, name: string, read: (value: unknown) => T | undefined) => {
    const value = read(row[index]);
    if (value === undefined) problems.push(`${name} cannot be read`);
    return value;
  };
  const text = (index: number, name: string) => column(index, name, asText) ?? '';
  const maybe = (index: number, name: string) => column(index, name, asTextOrNull) ?? null;
  const number = (index: number, name: string) => column(index, name, asNumber) ?? 0;
  const envelope: Envelope = {
    reversePath: text(2, 'reverse_path'),
    recipients: column(3, 'recipients', asRecipients) ?? [],
    body: column(4, 'body_type', asOneOf('7BIT', '8BITMIME')) ?? null,
    smtpUtf8: number(5, 'smtp_utf8') === 1,
    ret: column(6, 'ret', asOneOf('FULL', 'HDRS')) ?? null,
    envid: maybe(7, 'envid'),
  };
  const { [TRACE_KEY]: traced, ...routeHeaders } = column(12, 'route_headers', asHeaders) ?? {};
  const trace = traced === undefined ? null : parseTraceparent(traced);
  const [from = null, ...alsoFrom] = column(8, 'from_address', asFrom) ?? [];
  const message: Message = {
    id: messageIdFromNumber(number(0, 'id')),
    client: text(1, 'client'),
    envelope,
    from,
    ...(alsoFrom.length === 0 ? {} : { alsoFrom }),
    messageIdField: maybe(9, 'message_id_field'),
    boundAccount: maybe(10, 'bound_account'),
    routeSender: maybe(11, 'route_sender'),
    routeHeaders,
    acceptedAtMs: number(13, 'accepted_at'),
    expiresAtMs: number(14, 'expires_at'),
    bytes: number(15, 'bytes'),
    eightBit: number(16, 'eight_bit') === 1,
    headerUtf8: number(17, 'header_utf8') === 1,
    ...(trace === null ? {} : { trace }),
  };
  return { message, problem: problems.length === 0 ? null : problems.join(', ') };
}

const asText = (value: unknown) => (typeof value === 'string' ? value : undefined);
const asTextOrNull = (value: unknown) => (value === null ? null : asText(value));
const asNumber = (value: unknown) => (Number.isSafeInteger(value) ? Number(value) : undefined);

function asOneOf<const T extends string>(...known: readonly T[]) {
  return (value: unknown) => (value === null ? null : known.find((one) => one === value));
}

/** Undefined instead of an exception: broken JSON is an expected failure here. */
export function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function asFrom(value: unknown): string[] | undefined {
  if (value === null) return [];
  if (typeof value !== 'string') return undefined;
  if (!value.startsWith('["')) return [value];
  const list = parseJson(value);
  return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined;
}

function asRecipients(value: unknown): EnvelopeRecipient[] | undefined {
  const list = parseJson(value);
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const recipients = list.flatMap((one: unknown): EnvelopeRecipient[] => {
    const [path, notify, orcpt, kind] = Array.isArray(one) ? one : [one, null, null];
    const parts = [asText(path), asTextOrNull(notify), asTextOrNull(orcpt)] as const;
    const [forwardPath, notifyText, orcptText] = parts;
    if (forwardPath === undefined || notifyText === undefined || orcptText === undefined) return [];
    const blind = kind === 'blind' ? ({ blind: true } as const) : {};
    return [{ forwardPath, notify: notifyText, orcpt: orcptText, ...blind }];
  });
  return recipients.length === list.length ? recipients : undefined;
}

function asHeaders(value: unknown): Record<string, string> | undefined {
  if (value === null) return {};
  const parsed = parseJson(value);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const entries = Object.entries(parsed);
  if (!entries.every(([, text]) => typeof text === 'string')) return undefined;
  return Object.fromEntries(entries) as Record<string, string>;
}
