import type { Reply } from '../mail/reply.ts';
import type { UpstreamTimeouts } from '../relay/account.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Letter } from './letter.ts';
import type { UpstreamSession } from './session.ts';

export interface TransactionOptions {
  readonly session: UpstreamSession;
  readonly letter: Letter;
  readonly timeouts: UpstreamTimeouts;
  /** RFC 2920: commands may be sent without waiting for replies. */
  readonly pipelining: boolean;
  /** RSET goes first: the transaction before was left open. */
  readonly reset: boolean;
}

/** All replies one transaction got. A null is a command that was not answered or not sent. */
export interface TransactionEnd {
  readonly mail: Reply | null;
  readonly rcpt: readonly (Reply | null)[];
  readonly data: Reply | null;
  readonly endOfData: Reply | null;
  /** Why the session ended during the transaction; null while it can be used again. */
  readonly broken: Cause | null;
  /** The final dot was handed to the socket: without a reply the upstream may have the message. */
  readonly dotted: boolean;
  /** A transaction is still open on the upstream's side: RSET is due before the next. */
  readonly unfinished: boolean;
}
