/** A sender that an account's provider does not let it send as. */
export interface HeldSender {
  readonly account: string;
  /** The address in lower case, whether the reverse-path or the From field has it. */
  readonly sender: string;
  /** The provider's reply as one line. */
  readonly detail: string;
  /** What a person can do about it. */
  readonly hint: string;
  readonly sinceMs: number;
  /**
   * What the account may send and with which credentials, and where routes lead, as one short
   * value: another one ends the hold.
   */
  readonly standing: string;
}

/** Senders of one account that are no longer held, and what that set in motion. */
export interface SendersReleased {
  readonly senders: readonly string[];
  readonly recipients: number;
  readonly messages: number;
}
