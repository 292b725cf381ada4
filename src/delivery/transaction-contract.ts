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
  /** Asked as `Follow`, when all recipients were taken and the last bytes are about to leave. */
  readonly next: () => FollowingTransaction | null;
  /** Null: it was undone before its turn came, and nothing has happened to its message. */
  readonly onEnd: (end: TransactionEnd | null) => void;
}

/** A transaction whose envelope leaves in the last write of the one before it. */
export interface FollowingTransaction {
  /** The commands; their replies are expected from now on. */
  envelope(): string;
  /** The one before is over, and what comes now is for this one. */
  begin(): void;
  /** The one before has ended the session, or speaks against another. */
  undo(): void;
}

/** The message of a transaction that follows another on its connection. */
export interface Follower {
  readonly letter: Letter;
  readonly follow: Follow;
  /** See `TransactionOptions`. */
  readonly onEnd: (end: TransactionEnd | null) => void;
}

/** Which message follows the one that is about to end, decided at once; null: none now. */
export type Follow = () => Follower | null;

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
