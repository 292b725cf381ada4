import type { EnvelopeRecipient } from '../mail/envelope.ts';
import { isPositive } from '../mail/reply.ts';
import type { Message } from '../relay/message.ts';
import type { DotLedger } from '../relay/ports.ts';
import type { Connection } from './connection.ts';
import type { Recipients } from './grouping.ts';
import { addressedOf, type Letter, mailCommand, rcptCommand } from './letter.ts';
import type { Outgoing } from './outgoing.ts';
import type { TransactionEnd } from './transaction-contract.ts';

interface SendingGiven {
  readonly connection: Connection;
  readonly recipients: Recipients;
  readonly mail: Outgoing;
  /** The connection had carried another transaction. */
  readonly reused: boolean;
}

/** One transaction, as it is about to be sent or was. */
export interface Sending extends Omit<SendingGiven, 'mail'> {
  /** With the addresses that the upstream gets to see. */
  readonly message: Message;
  readonly addressed: readonly EnvelopeRecipient[];
  readonly letter: Letter;
  /** In the dot ledger; null: no dot went out. */
  slot: number | null;
}

export function sendingOf(given: SendingGiven, dots: DotLedger): Sending {
  const { connection, recipients, mail, reused } = given;
  const { message, bytes, head, body } = mail;
  const { capabilities } = connection;
  const addressed = addressedOf(message, recipients);
  const letter: Letter = {
    mail: mailCommand(message, addressed, capabilities, bytes),
    rcpt: addressed.map((recipient) => rcptCommand(recipient, capabilities)),
    head,
    body,
    beforeDot: () => {
      sending.slot = dots.mark(message.id);
    },
  };
  const sending: Sending = {
    connection,
    recipients,
    reused,
    message,
    addressed,
    letter,
    slot: null,
  };
  return sending;
}

/** The upstream has said that it has the message. */
export function isTaken({ endOfData }: TransactionEnd): boolean {
  return isPositive(endOfData);
}
