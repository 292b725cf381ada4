import { assert } from '../lib/assert.ts';
import type { Account } from '../relay/account.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import type { Capabilities, Letter } from './letter.ts';
import type { UpstreamSession } from './session.ts';
import { Transaction } from './transaction.ts';
import type { Follow, Follower, TransactionEnd } from './transaction-contract.ts';

/** RFC 5321 section 4.5.3.2 knows no time-out for QUIT: nothing depends on its answer. */
const quitGraceMs = 2_000;

/** A final dot that was answered within this promises as much of the next. */
const quickMs = 1_000;

const nobody: Follow = () => null;

/** An open session together with what was agreed on it. */
export interface Established {
  readonly account: Account;
  readonly session: UpstreamSession;
  /** Username the session is authenticated as; null without AUTH. */
  readonly authenticatedAs: string | null;
  /** `host[address]:port` */
  readonly peer: string;
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384`; null without TLS. */
  readonly tls: string | null;
  readonly capabilities: Capabilities;
  readonly openedAtMs: number;
}

/**
 * A ready connection to one account's upstream. It is at rest or runs one transaction, and once
 * closed it stays closed. `onClosed` is called exactly once.
 */
export class Connection {
  readonly account: Account;
  readonly authenticatedAs: string | null;
  readonly peer: string;
  readonly tls: string | null;
  readonly capabilities: Capabilities;
  readonly openedAtMs: number;
  /** Transactions started on it. */
  messages = 0;
  onClosed: () => void = () => {};
  /** What came behind a message was thrown away, as by some middleboxes. */
  onLost: () => void = () => {};

  readonly #session: UpstreamSession;
  readonly #emit: EventSink;
  #unfinished = false;
  /** Running: one, and one that follows it. */
  #transactions = 0;
  /** A message that follows another waits for its answer: only where answers come quickly. */
  #isQuick = false;
  #closed = false;
  /** On `performance`'s clock. */
  #restingSinceMs = performance.now();

  constructor(established: Established, emit: EventSink) {
    this.account = established.account;
    this.authenticatedAs = established.authenticatedAs;
    this.peer = established.peer;
    this.tls = established.tls;
    this.capabilities = established.capabilities;
    this.openedAtMs = established.openedAtMs;
    this.#session = established.session;
    this.#emit = emit;
    this.#session.opened = true;
    // Deadlines are ours: the socket's own timer would be put off at every read and write.
    this.#session.socket.setTimeout(0);
    this.#session.rest();
    this.#watchIdle();
  }

  /** It could carry another transaction: nothing has ended it from either side. */
  get usable(): boolean {
    const { socket, broken } = this.#session;
    return !this.#closed && broken === null && socket.writable && !socket.readableEnded;
  }

  /** What was said at its opening and in the last transaction, without secrets and content. */
  get dialogue(): readonly string[] {
    return this.#session.dialogue.lines();
  }

  /** What it is doing now, and for how long. */
  get doing(): { readonly doing: Phase | 'idle'; readonly forMs: number } {
    const { phase, phaseSinceMs } = this.#session;
    const [doing, sinceMs] =
      this.#transactions > 0
        ? ([phase, Math.max(phaseSinceMs, this.#restingSinceMs)] as const)
        : (['idle', this.#restingSinceMs] as const);
    return { doing, forMs: Math.round(performance.now() - sinceMs) };
  }

  /**
   * Runs one transaction. Never rejects; afterwards `usable` tells whether there can be another. One
   * that follows it has begun then: it has the connection, and tells its end itself.
   */
  transact(letter: Letter, follow: Follow = nobody): Promise<TransactionEnd> {
    assert(this.#transactions === 0, 'one transaction at a time on a connection');
    this.#restingSinceMs = performance.now();
    return new Promise((resolve) => {
      const onEnd = (end: TransactionEnd | null): void => {
        assert(end !== null, 'only what follows another transaction is undone');
        resolve(end);
      };
      this.#transaction({ letter, follow, onEnd }).start();
    });
  }

  /** After a refusal of the message before: the transaction that follows it may begin. */
  goOn(): void {
    this.#session.goOn();
  }

  #transaction({ letter, follow, onEnd }: Follower): Transaction {
    this.messages++;
    this.#transactions++;
    return new Transaction({
      session: this.#session,
      letter,
      timeouts: this.account.timeouts,
      pipelining: this.capabilities.pipelining,
      reset: this.#unfinished,
      next: () => this.#following(follow),
      onEnd: (end) => {
        this.#over(end);
        onEnd(end);
      },
    });
  }

  #following(follow: Follow): Transaction | null {
    if (!this.#isQuick) return null;
    const follower = follow();
    if (follower === null) return null;
    const onEnd = (end: TransactionEnd | null): void => {
      if (end !== null && isLost(end)) this.onLost();
      follower.onEnd(end);
    };
    return this.#transaction({ ...follower, onEnd });
  }

  #over(end: TransactionEnd | null): void {
    this.#transactions--;
    const nowMs = performance.now();
    const broken = end === null ? this.#session.broken : end.broken;
    if (broken !== null) this.#noteClosed(describe(broken));
    if (end === null) return;
    this.#isQuick = end.endOfData !== null && nowMs - this.#session.phaseSinceMs <= quickMs;
    this.#unfinished = end.unfinished;
    if (this.#transactions > 0) return;
    this.#restingSinceMs = nowMs;
    if (broken === null) this.#watchIdle();
  }

  /** Says QUIT and closes; not for a connection in a transaction. */
  close(why: string): void {
    if (this.#closed) return;
    this.#noteClosed(why);
    this.#session.limit();
    this.#session.leave(quitGraceMs);
  }

  /** Cuts it off, whatever it is doing; a running transaction ends with this cause. */
  abort(cause: Cause): void {
    this.#session.fail(cause);
    this.#noteClosed(describe(cause));
  }

  #watchIdle(): void {
    const { broken } = this.#session;
    if (broken !== null) this.#noteClosed(describe(broken));
    else this.#session.onBroken = (cause) => this.#noteClosed(describe(cause));
  }

  #noteClosed(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#session.onBroken = () => {};
    const { account, peer, messages } = this;
    const { tap } = this.#session;
    if (tap.live) tap.tell('note', `closed: ${why}`);
    this.#emit({ is: 'connection.closed', account: account.name, peer, messages, why });
    this.onClosed();
  }
}

function isLost({ mail, broken }: TransactionEnd): boolean {
  return mail === null && broken?.from === 'network' && broken.fault === 'timeout';
}

function describe(cause: Cause): string {
  return cause.from === 'peer' ? `${cause.reply.code} ${cause.reply.text}` : cause.detail;
}
