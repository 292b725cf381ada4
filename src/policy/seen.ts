import type { Reply } from '../mail/reply.ts';
import type { Phase } from '../relay/outcome.ts';

/**
 * A reply of 400 or above, or one out of place, with what the transaction looked like when it came.
 */
export interface Seen {
  readonly phase: Phase;
  readonly reply: Reply;
  /** Recipients given in this transaction. */
  readonly recipients: number;
  /** Those of them whose RCPT was answered 2xx. */
  readonly acceptedRecipients: number;
  /** How often this attempt was already repeated on a new connection; absent: never. */
  readonly reconnects?: number;
  /** Attempts of the message that have counted before this one; absent: none. */
  readonly attempts?: number;
  /** Reverse-path and From address of the message; absent: not known. */
  readonly senders?: readonly string[];
  /** The recipient for whom the reply is read; absent: not known. */
  readonly recipient?: string;
}

/** What the named groups of a rule's text found. */
export type Named = Readonly<Record<string, string | undefined>>;
