import type { Reply } from './reply.ts';

/** RFC 3464 section 2.3.3; `expanded` is for mailing lists. */
export type DsnAction = 'failed' | 'delayed' | 'relayed' | 'delivered';

export interface DsnInput {
  readonly action: DsnAction;
  /** Our host name. */
  readonly reportingMta: string;
  /** Value of the From field, `Name <address>`. */
  readonly from: string;
  /** The reverse-path of the original message. */
  readonly to: string;
  readonly dateMs: number;
  /** With its angle brackets. */
  readonly messageIdField: string;
  /** RFC 2046 section 5.1.1: 1 to 60 characters of `A-Z a-z 0-9 = _ . -`, best drawn at random. */
  readonly boundary: string;
  readonly original: DsnOriginal;
  /** At least one. */
  readonly recipients: readonly DsnRecipient[];
}

export interface DsnOriginal {
  /** The message as it is sent, or its beginning with at least the header block; CRLF line ends. */
  readonly content: Buffer;
  /** The content is the whole message. */
  readonly complete: boolean;
  readonly messageIdField: string | null;
  /** RET and ENVID of MAIL as received (RFC 3461 sections 4.3 and 4.4). */
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  readonly arrivedAtMs: number;
}

export interface DsnRecipient {
  readonly forwardPath: string;
  /** ORCPT as received. */
  readonly orcpt: string | null;
  /** `x.y.z` of RFC 3463. */
  readonly status: string;
  /** What happened in plain words, one sentence. */
  readonly explanation: string;
  /** Only what a server really answered. */
  readonly reply: Reply | null;
  /** Host that answered. */
  readonly remoteMta: string | null;
  readonly lastAttemptAtMs: number | null;
  /** `delayed` only: when we give up. */
  readonly retryUntilMs: number | null;
}
