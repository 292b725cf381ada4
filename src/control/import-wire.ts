import type { EnvelopeRecipient } from '../mail/envelope.ts';
import type { MessageId } from '../relay/message.ts';

/** A message that another program had queued, besides its bytes. */
export interface ImportedEnvelope {
  /** The other program's own id. */
  readonly key: string;
  readonly bytes: number;
  readonly receivedAtMs: number;
  readonly frozen: boolean;
  /** A client by login; null, or unknown here: `exim`. */
  readonly client: string | null;
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  readonly smtpUtf8: boolean;
}

export interface Taken {
  /** False: it was taken over before. */
  readonly fresh: boolean;
  readonly id: MessageId;
  /** Accounts that it waits for; empty: held without one. */
  readonly accounts: readonly string[];
  readonly held: boolean;
}
