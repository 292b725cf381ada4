import { parseReply, type Reply } from '../mail/reply.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import { DotStuffing, stuffed } from './dot-stuffing.ts';
import { networkCause, outOfStep, storageFaultOf } from './fault.ts';
import type { Letter } from './letter.ts';
import type { UpstreamSession } from './session.ts';
import type { TransactionEnd, TransactionOptions } from './transaction-contract.ts';

/** Bodies up to this go out in one write together with the final dot. */
const oneWriteBytesMax = 64 * 1024;

/**
 * Runs MAIL, RCPT, DATA and the message on a session that is at rest. Never rejects.
 *
 * With PIPELINING the commands up to DATA go out in one write and the replies are only collected,
 * else each reply decides the next step. A 421, or an answer that is no reply, ends the session.
 */
export function transact(options: TransactionOptions): Promise<TransactionEnd> {
  return new Promise((resolve) => new Transaction(options, resolve).start());
}

class Transaction {
  readonly #session: UpstreamSession;
  readonly #letter: Letter;
  readonly #options: TransactionOptions;
  readonly #resolve: (end: TransactionEnd) => void;
  #mail: Reply | null = null;
  readonly #rcpt: (Reply | null)[];
  #data: Reply | null = null;
  #endOfData: Reply | null = null;
  #accepted = 0;
  #dotted = false;
  #bodyBytes = 0;
  #ended = false;
  /** Phases of the replies still to come, in order: the session is in the first of them. */
  readonly #awaited: Phase[] = [];

  constructor(options: TransactionOptions, resolve: (end: TransactionEnd) => void) {
    this.#options = options;
    this.#session = options.session;
    this.#letter = options.letter;
    this.#resolve = resolve;
    this.#rcpt = options.letter.rcpt.map(() => null);
  }

  start(): void {
    const { reset, pipelining } = this.#options;
    this.#session.onBroken = (cause) => this.#end(cause);
    this.#session.dialogue.begin();
    if (this.#session.broken !== null) this.#end(this.#session.broken);
    else if (pipelining) this.#sendAll(reset);
    else if (reset) this.#sendReset();
    else this.#sendMail();
  }

  #sendAll(reset: boolean): void {
    const { mail, rcpt } = this.#letter;
    const commands = [...(reset ? ['RSET'] : []), mail, ...rcpt, 'DATA'];
    if (reset) this.#take('mail', (reply) => this.#onReset(reply));
    this.#take('mail', (reply) => {
      this.#mail = reply;
    });
    for (let index = 0; index < rcpt.length; index++) {
      this.#take('rcpt', (reply) => this.#onRcpt(index, reply));
    }
    this.#take('data', (reply) => this.#onData(reply));
    this.#write('mail', `${commands.join('\r\n')}\r\n`);
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
      this.#mail = reply;
      if (reply.code < 300) this.#sendRcpt(0);
      else this.#end(null);
    });
    this.#write('mail', `${this.#letter.mail}\r\n`);
  }

  #sendRcpt(index: number): void {
    const command = this.#letter.rcpt[index];
    if (command === undefined) {
      if (this.#accepted > 0) this.#sendData();
      else this.#end(null);
      return;
    }
    this.#take('rcpt', (reply) => {
      this.#onRcpt(index, reply);
      this.#sendRcpt(index + 1);
    });
    this.#write('rcpt', `${command}\r\n`);
  }

  #sendData(): void {
    this.#take('data', (reply) => this.#onData(reply));
    this.#write('data', 'DATA\r\n');
  }

  #onReset(reply: Reply): void {
    if (reply.code >= 300) this.#fail(networkCause('mail', 'protocol', `RSET: ${reply.code}`));
  }

  #onRcpt(index: number, reply: Reply): void {
    this.#rcpt[index] = reply;
    if (reply.code < 300) this.#accepted++;
  }

  #onData(reply: Reply): void {
    this.#data = reply;
    const go = reply.code >= 300 && reply.code < 400;
    const taken = this.#mail !== null && this.#mail.code < 300 && this.#accepted > 0;
    if (go && taken) void this.#sendBody();
    // It wants a message for nobody (RFC 2920 section 3.1 warns of it): there is none to give.
    else if (go) this.#fail(networkCause('data', 'protocol', 'DATA taken without recipients'));
    else this.#end(null);
  }

  async #sendBody(): Promise<void> {
    const { head, body } = this.#letter;
    if (this.#isOutOfStep()) return;
    this.#take('end-of-data', (reply) => this.#onEndOfData(reply));
    if (Buffer.isBuffer(body) && body.length <= oneWriteBytesMax) {
      this.#sendDot(stuffed(head === null ? [body] : [head, body]));
      return;
    }
    const stuffing = new DotStuffing();
    const pieces = async (chunk: Buffer): Promise<void> => {
      for (const piece of stuffing.add(chunk)) await this.#flush(piece);
    };
    try {
      if (head !== null) await pieces(head);
      if (Buffer.isBuffer(body)) await pieces(body);
      // The loop destroys the stream when it ends early.
      else
        for await (const chunk of body()) {
          await pieces(chunk);
          if (this.#ended) return;
        }
    } catch (error) {
      // Our own file could not be read. The session is in the middle of a message: it has to go.
      const detail = `body: ${error instanceof Error ? error.message : String(error)}`;
      this.#fail({ from: 'us', reason: 'quarantined', detail });
      return;
    }
    this.#sendDot(stuffing.end());
  }

  /** RFC 5321 section 4.5.3.2.5: each block of data has its own deadline. */
  #flush(piece: Buffer): Promise<void> | void {
    const { session, timeouts } = this.#options;
    if (this.#ended) return;
    session.enter('data', timeouts.dataMs);
    this.#bodyBytes += piece.length;
    if (session.socket.write(piece)) return;
    return new Promise((resolve) => {
      const done = (): void => {
        session.socket.removeListener('drain', done).removeListener('close', done);
        resolve();
      };
      session.socket.once('drain', done).once('close', done);
    });
  }

  /** The last write of the message. From here on no reply means that nobody knows. */
  #sendDot(bytes: Buffer): void {
    if (this.#ended || this.#isOutOfStep()) return;
    this.#session.enter('end-of-data', this.#options.timeouts.endOfDataMs);
    const unmarked = storageFaultOf(this.#letter.beforeDot);
    if (unmarked !== null) return void this.#fail(unmarked);
    const { dialogue, tap, socket } = this.#session;
    dialogue.remark('the message');
    this.#dotted = true;
    if (tap.live) tap.tell('sent', `[${this.#bodyBytes + bytes.length} bytes of message]`);
    socket.write(bytes);
  }

  #onEndOfData(reply: Reply): void {
    // Neither yes nor no: they may have it.
    const answered = reply.code < 300 || reply.code >= 400;
    if (this.#dotted && !answered) this.#fail(outOfStep('end-of-data'));
    else if (this.#dotted) {
      this.#endOfData = reply;
      this.#end(null);
    }
    // Answered before the end of the message was sent: a refusal holds, a success cannot be one.
    else if (reply.code >= 400) this.#fail({ from: 'peer', phase: 'data', reply });
    else this.#fail(networkCause('data', 'protocol', 'success before the end of the message'));
  }

  /** Waits for one reply, which belongs to `phase`. */
  #take(phase: Phase, use: (reply: Reply) => void): void {
    this.#awaited.push(phase);
    this.#session.expect((raw) => {
      if (this.#ended) return;
      this.#awaited.shift();
      const reply = parseReply(raw);
      if (reply === null) {
        return this.#fail(networkCause(phase, 'protocol', `no SMTP reply: ${raw.slice(0, 100)}`));
      }
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

  #fail(cause: Cause): void {
    this.#end(cause);
    this.#session.fail(cause);
  }

  #end(broken: Cause | null): void {
    if (this.#ended) return;
    this.#ended = true;
    if (broken === null) this.#session.rest();
    const opened = this.#mail !== null && this.#mail.code < 300;
    this.#resolve({
      mail: this.#mail,
      rcpt: this.#rcpt,
      data: this.#data,
      endOfData: this.#endOfData,
      broken,
      dotted: this.#dotted,
      unfinished: opened && this.#endOfData === null,
    });
  }
}
