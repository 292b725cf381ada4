import SMTPConnection, { type Options } from 'nodemailer/lib/smtp-connection';

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
  _processResponse(): void;
  _sendCommand(command: string, logged?: string): void;
  _upgradeConnection(done: (error: Error | null, secured?: boolean) => void): void;
}

export const LibraryConnection = SMTPConnection as unknown as new (
  options: Options,
) => SMTPConnection & LibraryInternals;
