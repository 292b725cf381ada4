import { assert } from '../lib/assert.ts';
import { isAscii } from '../mail/ascii.ts';
import type { EnvelopeRecipient } from '../mail/envelope.ts';
import type { Message } from '../relay/message.ts';
import type { OwnReason } from '../relay/outcome.ts';

/** What the upstream said it can do (RFC 5321 section 4.1.1.1), and what the account allows. */
export interface Capabilities {
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  /** SIZE is offered (RFC 1870). */
  readonly size: boolean;
  /** Largest message in bytes, null when unknown. */
  readonly sizeMax: number | null;
}

/**
 * One message ready for one transaction: the command lines and the bytes, exactly as they go out.
 */
export interface Letter {
  /** `MAIL FROM:<...> ...` */
  readonly mail: string;
  /** `RCPT TO:<...> ...`, one per recipient. */
  readonly rcpt: readonly string[];
  /** Header fields of the account and the route, before the body; null without. */
  readonly head: Buffer | null;
  /** In memory, or opened when the upstream is ready for what is large. */
  readonly body: Buffer | (() => AsyncIterable<Buffer>);
  /** Called before the final dot is handed to the socket. */
  readonly beforeDot: () => void;
}

/** Why this upstream cannot take the message as it is; null when it can. */
export function obstacle(
  message: Message,
  recipients: readonly EnvelopeRecipient[],
  capabilities: Capabilities,
  bytes: number,
): { readonly reason: OwnReason; readonly detail: string } | null {
  // RFC 6531 section 3.2: without the extension neither the address nor the header can be
  // expressed.
  if (!capabilities.smtpUtf8 && needsSmtpUtf8(message, recipients)) {
    return { reason: 'needs-smtputf8', detail: 'the upstream does not offer SMTPUTF8' };
  }
  // RFC 6152 section 3: the relay does not convert, because that would break signatures.
  if (!capabilities.eightBitMime && message.eightBit) {
    return { reason: 'needs-8bitmime', detail: 'the upstream does not offer 8BITMIME' };
  }
  if (capabilities.sizeMax !== null && bytes > capabilities.sizeMax) {
    const detail = `${bytes} bytes, the upstream takes ${capabilities.sizeMax}`;
    return { reason: 'too-large', detail };
  }
  return null;
}

/** The envelope's recipients that a transaction is for, in its order. */
export function addressedOf(
  message: Message,
  recipients: readonly { readonly index: number }[],
): EnvelopeRecipient[] {
  return recipients.map(({ index }) => {
    const recipient = message.envelope.recipients[index];
    assert(recipient !== undefined, `message ${message.id} has no recipient ${index}`);
    return recipient;
  });
}

/**
 * The MAIL command: the reverse-path as the client wrote it, and the parameters the upstream
 * understands.
 */
export function mailCommand(
  message: Message,
  recipients: readonly EnvelopeRecipient[],
  capabilities: Capabilities,
  bytes: number,
): string {
  const { envelope } = message;
  let command = `MAIL FROM:<${envelope.reversePath}>`;
  if (capabilities.size) command += ` SIZE=${bytes}`;
  if (capabilities.eightBitMime) {
    // A client that sent octets above 127 without saying so is helped: RFC 6152 section 2.
    const body = message.eightBit ? '8BITMIME' : envelope.body;
    if (body !== null) command += ` BODY=${body}`;
  }
  if (capabilities.smtpUtf8 && (envelope.smtpUtf8 || needsSmtpUtf8(message, recipients))) {
    command += ' SMTPUTF8';
  }
  if (capabilities.dsn) {
    if (envelope.ret !== null) command += ` RET=${envelope.ret}`;
    if (envelope.envid !== null) command += ` ENVID=${envelope.envid}`;
  }
  return oneCommand(command);
}

/** RFC 3461 section 5.2.1: NOTIFY and ORCPT go on as they came. */
export function rcptCommand(recipient: EnvelopeRecipient, capabilities: Capabilities): string {
  let command = `RCPT TO:<${recipient.forwardPath}>`;
  if (capabilities.dsn) {
    if (recipient.notify !== null) command += ` NOTIFY=${recipient.notify}`;
    if (recipient.orcpt !== null) command += ` ORCPT=${recipient.orcpt}`;
  }
  return oneCommand(command);
}

function needsSmtpUtf8(message: Message, recipients: readonly EnvelopeRecipient[]): boolean {
  return (
    message.headerUtf8 ||
    !isAscii(message.envelope.reversePath) ||
    recipients.some(({ forwardPath }) => !isAscii(forwardPath))
  );
}

/**
 * Intake let no line end into an envelope; one here would let a message speak commands of its own.
 */
function oneCommand(command: string): string {
  assert(!/[\r\n\0]/.test(command), 'a command is one line');
  return command;
}
