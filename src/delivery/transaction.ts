import { isPositive, parseReply, type Reply } from '../mail/reply.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import { Answers } from './answers.ts';
import { networkCause, outOfStep, storageFaultOf } from './fault.ts';
import type { Letter } from './letter.ts';
import { inOneWrite, inPieces, written } from './message-bytes.ts';
import type { UpstreamSession } from './session.ts';
import type { FollowingTransaction, TransactionOptions } from './transaction-contract.ts';

/**
 * MAIL, RCPT, DATA and the message, on a session that is at rest or behind another transaction.
 *
 * With PIPELINING the commands up to DATA go out in one write and the replies are only collected,
 * else each reply decides the next step. A 421, or an answer that is no reply, ends the session.
 *
 * RFC 2920 section 3.1 lets commands follow the message in one write. Then the replies of one
 * transaction are followed by those of the next, which begins when the last of these has come: at
 * once after a success, for then nothing speaks against it; after a refusal the session reads no
 * further until somebody has judged it (`UpstreamSession.goOn`).
 */
export class Transaction implements FollowingTransaction {
  readonly #session: UpstreamSession;
  readonly #letter: Letter;
  readonly #options: TransactionOptions;
  #following: FollowingTransaction | null = null;
  readonly #answers: Answers;
  #dotted = false;
  #bodyBytes = 0;
  #ended = false;
  #said = '';
  /** Phases of the replies still to come, in order: the session is in the first of them. */
  readonly #awaited: Phase[] = [];

  constructor(options: TransactionOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#letter = options.letter;
    this.#answers = new Answers(options.letter.rcpt.length);
  }

  start(): void {
    const { reset, pipelining } = this.#options;
    const session = this.#session;
    this.#enter();
    if (session.broken !== null) this.#end(session.broken);
    else if (pipelining) this.#write('mail', this.envelope());
    else if (reset) this.#sendReset();
    else this.#sendMail();
  }

  envelope(): string {
    const { mail, rcpt } = this.#letter;
    const { reset } = this.#options;
    if (reset) this.#take('mail', (reply) => this.#onReset(reply));
    this.#take('mail', (reply) => {
      this.#answers.mail = reply;
    });
    for (let index = 0; index < rcpt.length; index++) {
      this.#take('rcpt', (reply) => this.#answers.recipient(index, reply));
    }
    this.#take('data', (reply) => this.#onData(reply));
    this.#said = `${reset ? 'RSET\r\n' : ''}${mail}\r\n${rcpt.join('\r\n')}\r\nDATA\r\n`;
    return this.#said;
  }

  begin(): void {
    if (this.#ended) return;
    this.#enter();
    this.#session.enter('mail', this.#options.timeouts.commandMs);
    this.#session.dialogue.sent(this.#said);
  }

  undo(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd(null);
  }

  /** The session is this transaction's from now on. */
  #enter(): void {
    this.#session.onBroken = (cause) => this.#end(cause);
    this.#session.limit();
    this.#session.dialogue.begin();
  }

  #sendReset(): void {
    this.#take('mail', (reply) => {
      this.#onReset(reply);
      if (!this.#ended) this.#sendMail();
    });
    this.#write('mail', 'RSET\r\n');
  }

  #sendMail(): void {
    this.#take('mail', (reply) => {
      this.#answers.mail = reply;
      if (isPositive(reply)) this.#sendRcpt(0);
      else this.#end(null);
    });
    this.#write('mail', `${this.#letter.mail}\r\n`);
  }

  #sendRcpt(index: number): void {
    const command = this.#letter.rcpt[index];
    if (command === undefined) {
      if (this.#answers.accepted > 0) this.#sendData();
      else this.#end(null);
      return;
    }
    this.#take('rcpt', (reply) => {
      this.#answers.recipient(index, reply);
      this.#sendRcpt(index + 1);
    });
    this.#write('rcpt', `${command}\r\n`);
  }

  #sendData(): void {
    this.#take('data', (reply) => this.#onData(reply));
    this.#write('data', 'DATA\r\n');
  }

  #onReset(reply: Reply): void {
    if (!isPositive(reply)) this.#breakOff('mail', `RSET: ${reply.code}`);
  }

  #onData(reply: Reply): void {
    this.#answers.data = reply;
    const go = reply.code >= 300 && reply.code < 400;
    if (go && this.#answers.isOpen) this.#sendBody();
    // It wants a message for nobody (RFC 2920 section 3.1 warns of it): there is none to give.
    else if (go) this.#breakOff('data', 'DATA taken without recipients');
    else this.#end(null);
  }

  #sendBody(): void {
    if (this.#isOutOfStep()) return;
    this.#take('end-of-data', (reply) => this.#onEndOfData(reply));
    const whole = inOneWrite(this.#letter);
    if (whole === null) void this.#sendPieces();
    else this.#sendDot(whole);
  }

  async #sendPieces(): Promise<void> {
    const flush = (piece: Buffer): Promise<void> | void => {
      if (this.#ended) return;
      // RFC 5321 section 4.5.3.2.5: each block of data has its own deadline.
      this.#session.enter('data', this.#options.timeouts.dataMs);
      this.#bodyBytes += piece.length;
      return written(this.#session.socket, piece);
    };
    let last: Buffer;
    try {
      last = await inPieces(this.#letter, flush, () => this.#ended);
    } catch (error) {
      // Our own file could not be read. The session is in the middle of a message: it has to go.
      const detail = `body: ${error instanceof Error ? error.message : String(error)}`;
      return this.#fail({ from: 'us', reason: 'quarantined', detail });
    }
    this.#sendDot([last]);
  }

  /** The last write of the message. From here on no reply means that nobody knows. */
  #sendDot(pieces: Buffer[]): void {
    if (this.#ended || this.#isOutOfStep()) return;
    const { dialogue, tap, socket } = this.#session;
    this.#session.enter('end-of-data', this.#options.timeouts.endOfDataMs);
    const unmarked = storageFaultOf(this.#letter.beforeDot);
    if (unmarked !== null) return void this.#fail(unmarked);
    dialogue.remark('the message');
    this.#dotted = true;
    if (tap.live) {
      const bytes = pieces.reduce((sum, { length }) => sum + length, this.#bodyBytes);
      tap.tell('sent', `[${bytes} bytes of message]`);
    }
    const { pipelining, next } = this.#options;
    if (pipelining && this.#answers.isWhole) this.#following = next();
    if (this.#following !== null) pieces.push(Buffer.from(this.#following.envelope()));
    socket.write(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  #onEndOfData(reply: Reply): void {
    // Answered before the end of the message was sent: a refusal holds, a success cannot be one.
    if (!this.#dotted && reply.code >= 400) this.#fail({ from: 'peer', phase: 'data', reply });
    else if (!this.#dotted) this.#breakOff('data', 'success before the end of the message');
    // Neither yes nor no: they may have it.
    else if (reply.code >= 300 && reply.code < 400) this.#fail(outOfStep('end-of-data'));
    else {
      this.#answers.endOfData = reply;
      this.#end(null);
    }
  }

  /** Waits for one reply, which belongs to `phase`. */
  #take(phase: Phase, use: (reply: Reply) => void): void {
    this.#awaited.push(phase);
    this.#session.expect((raw) => {
      if (this.#ended) return;
      this.#awaited.shift();
      const reply = parseReply(raw);
      if (reply === null) return this.#breakOff(phase, `no SMTP reply: ${raw.slice(0, 100)}`);
      // RFC 5321 section 3.8: the upstream closes after 421, whatever was asked.
      if (reply.code === 421) return this.#fail({ from: 'peer', phase, reply });
      this.#session.phase = this.#awaited[0] ?? phase;
      use(reply);
    });
  }

  #write(phase: Phase, commands: string): void {
    if (this.#isOutOfStep()) return;
    this.#session.enter(phase, this.#options.timeouts.commandMs);
    this.#session.say(commands);
  }

  /**
   * A reply that is there before its command would be taken for the answer to it, a 250 for a
   * delivery.
   */
  #isOutOfStep(): boolean {
    if (!this.#session.aheadOfUs) return false;
    this.#fail(outOfStep(this.#session.phase));
    return true;
  }

  #breakOff(phase: Phase, detail: string): void {
    this.#fail(networkCause(phase, 'protocol', detail));
  }

  #fail(cause: Cause): void {
    this.#end(cause);
    this.#session.fail(cause);
  }

  #end(broken: Cause | null): void {
    if (this.#ended) return;
    this.#ended = true;
    if (broken === null) this.#session.rest();
    this.#options.onEnd(this.#answers.end({ broken, dotted: this.#dotted }));
    if (this.#following !== null) this.#handOver(this.#following, broken);
  }

  #handOver(next: FollowingTransaction, broken: Cause | null): void {
    if (broken !== null) next.undo();
    else if (isPositive(this.#answers.endOfData)) next.begin();
    else {
      this.#session.onBroken = () => next.undo();
      this.#session.hold(() => next.begin());
    }
  }
}
