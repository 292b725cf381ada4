import { isPositive, type Reply } from '../mail/reply.ts';
import type { TransactionEnd } from './transaction-contract.ts';

/** The replies that one transaction got so far. */
export class Answers {
  mail: Reply | null = null;
  data: Reply | null = null;
  endOfData: Reply | null = null;
  /** Recipients that were taken. */
  accepted = 0;
  readonly #rcpt: (Reply | null)[];

  constructor(recipients: number) {
    this.#rcpt = new Array(recipients).fill(null);
  }

  recipient(index: number, reply: Reply): void {
    this.#rcpt[index] = reply;
    if (isPositive(reply)) this.accepted++;
  }

  /** Everybody it is for was taken. */
  get isWhole(): boolean {
    return this.accepted === this.#rcpt.length;
  }

  /** The upstream has MAIL and a recipient: a message may follow. */
  get isOpen(): boolean {
    return isPositive(this.mail) && this.accepted > 0;
  }

  end({ broken, dotted }: Pick<TransactionEnd, 'broken' | 'dotted'>): TransactionEnd {
    const { mail, data, endOfData } = this;
    const unfinished = isPositive(mail) && endOfData === null;
    return { mail, rcpt: this.#rcpt, data, endOfData, broken, dotted, unfinished };
  }
}
