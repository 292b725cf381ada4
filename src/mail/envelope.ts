/**
 * The envelope as the client gave it, byte for byte (RFC 5321 section 2.3.1, RFC 3461, RFC 6152,
 * RFC 6531).
 */
export interface Envelope {
  /** Without angle brackets; '' is the null reverse-path. Never IDN-decoded, never case-folded. */
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** BODY= of MAIL; null when the client gave none. */
  readonly body: '7BIT' | '8BITMIME' | null;
  /** SMTPUTF8 was given at MAIL. */
  readonly smtpUtf8: boolean;
  /** RFC 3461 section 4.3 */
  readonly ret: 'FULL' | 'HDRS' | null;
  /** RFC 3461 section 4.4: the xtext exactly as received. */
  readonly envid: string | null;
}

export interface EnvelopeRecipient {
  /** The forward-path without angle brackets, as received. */
  readonly forwardPath: string;
  /** RFC 3461 section 4.1: `NEVER` or a comma list of `SUCCESS,FAILURE,DELAY`; null when absent. */
  readonly notify: string | null;
  /** RFC 3461 section 4.2: `addr-type;xtext` exactly as received. */
  readonly orcpt: string | null;
  /** A copy that a route adds: the client knows nothing of it. */
  readonly blind?: true;
}
