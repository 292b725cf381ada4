import type { MessageId } from './message.ts';

/** Permanent refusals that one account has had since it last delivered anything. */
export interface Refusals {
  /** Of the account that was refused; those of other credentials say nothing about it. */
  readonly credentialVersion: string;
  /** Oldest first; of each message once per text. */
  readonly seen: readonly Refusal[];
}

export interface Refusal {
  readonly id: MessageId;
  /** Without what differs from message to message. */
  readonly text: string;
  readonly atMs: number;
}
