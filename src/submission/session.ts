import type { EnvelopeRecipient } from '../mail/envelope.ts';
import type { MailParameters } from '../mail/esmtp-parameters.ts';
import type { Reply } from '../mail/reply.ts';
import type { BoundAccount } from '../policy/admit.ts';
import type { Client } from '../relay/client.ts';
import type { SessionRefusal } from '../relay/events.ts';
import type { ListenerSettings, Settings } from '../relay/settings.ts';
import type { DataReader } from './command-stream.ts';
import type { Core } from './core.ts';
import type { Identity } from './identity.ts';

/** One mail transaction, from MAIL on. */
export interface Transaction {
  /** In force when MAIL came: a reload applies to the next transaction. */
  readonly settings: Settings;
  readonly identity: Identity;
  readonly sender: Client | BoundAccount;
  readonly reversePath: string;
  readonly parameters: MailParameters;
  readonly bytesMax: number;
  readonly recipients: EnvelopeRecipient[];
  /** Forward-paths so far: a second one that is the same to the byte is the same recipient. */
  readonly forwardPaths: Set<string>;
  readonly startedAtMs: number;
}

/**
 * Reads one line in place of the command interpreter; calls `done` when the next may come. Of a line
 * each character is an octet.
 */
export type LineReader = (line: string, done: () => void) => void;

/** A message being read; `abort` when the session ends before the final dot. */
export interface MessageSource extends DataReader {
  abort(): void;
}

/** A client connection as the commands see it. */
export interface Session {
  readonly core: Core;
  readonly listener: ListenerSettings;
  /** The listener's address, for events. */
  readonly listen: string;
  readonly secure: boolean;
  /** IP address, '' for a local socket. */
  readonly remoteAddress: string;
  /** Argument of the last HELO or EHLO; null before, and after STARTTLS. */
  helo: string | null;
  /** EHLO was used. */
  extended: boolean;
  identity: Identity | null;
  transaction: Transaction | null;
  wrongPasswords: number;
  /** The connection ended, by whichever side. */
  readonly gone: boolean;
  reply(reply: Reply): void;
  /** A reply of several lines (EHLO). */
  replyLines(code: number, lines: readonly string[]): void;
  /** The session is this one's from now on; false: a limit forbids it and the session has ended. */
  become(identity: Identity): boolean;
  /** A 421 and the end of the connection. */
  end(reply: Reply): void;
  /** `end` for a limit that was reached: reported as an event. */
  refuse(refusal: { readonly reply: Reply; readonly why: SessionRefusal }): void;
  /** The end of a session whose client wants it. */
  hangUp(): void;
  readLine(reader: LineReader): void;
  startTls(done: () => void): void;
  readData(reader: MessageSource): void;
  /** The reply to the final dot was given; `next` lets in the commands behind it. */
  dataDone(next: () => void): void;
  /** Whether the peer may use XCLIENT. */
  readonly mayXclient: boolean;
  xclient(line: string, done: () => void): void;
  /** Waits without keeping the session from being closed for others. */
  penalise(delayMs: number, then: () => void): void;
  /** The client behaved: bad commands so far are forgiven. */
  forgive(): void;
}

/** IP address or `local`, for events. */
export function remoteName(session: Pick<Session, 'remoteAddress'>): string {
  return session.remoteAddress === '' ? 'local' : session.remoteAddress;
}
