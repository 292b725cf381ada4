import type { Envelope } from '../mail/envelope.ts';
import type { TraceContext } from './trace-context.ts';

/** 11 characters of Crockford base 32, sortable by time, never reused. */
export type MessageId = string & { readonly __messageId: true };

/** What routing and delivery know of a message besides its body. */
export interface Message {
  readonly id: MessageId;
  /** The local app that submitted it; `relayd` for our own notifications. */
  readonly client: string;
  readonly envelope: Envelope;
  /**
   * Address of the From field (RFC 5322 section 3.6.2), null when there is none that can be read.
   */
  readonly from: string | null;
  /** The other addresses of the From field; absent: it has one at most. */
  readonly alsoFrom?: readonly string[];
  /** The Message-ID field's value with its angle brackets. */
  readonly messageIdField: string | null;
  /** Account the session was bound to by `account_login`; routes are then not asked. */
  readonly boundAccount: string | null;
  /**
   * Address that routing uses in place of the reverse-path (notifications go by the original
   * sender's route).
   */
  readonly routeSender: string | null;
  /** Values of the header fields that `routes[].header` conditions name, keys in lower case. */
  readonly routeHeaders: Readonly<Record<string, string>>;
  readonly acceptedAtMs: number;
  /** From this instant on what is undelivered is bounced as expired. */
  readonly expiresAtMs: number;
  /** Size of the body as it will be sent, dots not stuffed. */
  readonly bytes: number;
  /** The body holds octets above 127. */
  readonly eightBit: boolean;
  /** A header field holds octets above 127: SMTPUTF8 is needed (RFC 6531 section 3.4). */
  readonly headerUtf8: boolean;
  /** The trace it belongs to; absent: none. */
  readonly trace?: TraceContext;
}

/** The bytes that go upstream: CRLF line ends, dots not stuffed. */
export type Body =
  | { readonly in: 'memory'; readonly bytes: Buffer }
  | { readonly in: 'spool'; readonly file: string; readonly bytes: number };

/** Bodies above this are spooled to a file, smaller ones live in the database. */
export const memoryBodyBytesMax = 256 * 1024;
