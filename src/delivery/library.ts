import SMTPConnection, { type Options } from 'nodemailer/lib/smtp-connection';
import { Dialogue } from './dialogue.ts';

/**
 * What is used of the library beyond its documented interface. The library still opens the session
 * (greeting, EHLO, STARTTLS, AUTH) and frames the replies; the envelope and the message are written
 * by us, because the library cannot send them as they came in. test/unit/delivery/seams.test.ts
 * fails when an update moves any of it.
 */
interface LibraryInternals {
  _responseActions: ((reply: string) => void)[];
  _responseQueue: string[];
  _remainder: string;
  _ehloLines?: string[];
  _sendCommand(command: string, logged?: string): void;
  _processResponse(): void;
  _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void;
}

const LibraryConnection = SMTPConnection as unknown as new (
  options: Options,
) => SMTPConnection & LibraryInternals;

/** Digits and a hyphen: another line of the reply is still to come. */
const PARTIAL = /(?:^|\n)\d{3}-[^\n]*$/;

/** The library's session, with a record of what is said. */
export class LibrarySession extends LibraryConnection {
  readonly dialogue = new Dialogue();

  override _sendCommand(command: string, logged?: string): void {
    this.dialogue.sent(command);
    super._sendCommand(command, logged);
  }

  override _processResponse(): void {
    const reply = this._responseQueue[0] ?? '';
    if (reply.trim() !== '' && !PARTIAL.test(reply)) this.dialogue.received(reply);
    super._processResponse();
  }
}
