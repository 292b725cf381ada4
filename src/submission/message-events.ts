import { formatReply, type Reply } from '../mail/reply.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { Message } from '../relay/message.ts';
import { tracedAs } from '../relay/trace-context.ts';
import { discardedText } from './accept.ts';
import type { Core } from './core.ts';
import { identityName } from './identity.ts';
import type { Transaction } from './session.ts';

/** A message, or one recipient of it, was not taken. `reply` null: the client had left. */
export function reportRefusal(
  core: Core,
  transaction: Pick<Transaction, 'identity' | 'reversePath'>,
  refusal: {
    readonly reply: Reply | null;
    readonly why: RefusalReason;
    readonly forwardPath?: string;
  },
): void {
  core.emit({
    is: 'message.refused',
    client: identityName(transaction.identity),
    reversePath: transaction.reversePath,
    recipient: refusal.forwardPath ?? null,
    reply: refusal.reply === null ? '' : formatReply(refusal.reply),
    reason: refusal.why,
  });
}

/** A route says `discard`: the message ends where it was accepted. */
export function reportDiscarded(core: Core, message: Message): void {
  const { id } = message;
  const traced = tracedAs(message);
  for (const { forwardPath } of message.envelope.recipients) {
    core.emit({
      is: 'recipient.settled',
      id,
      account: null,
      recipient: forwardPath,
      outcome: 'discarded',
      reason: 'operator',
      text: discardedText,
      authenticatedAs: null,
      peer: null,
      tls: null,
      attempts: 0,
      nextAtMs: null,
      waitedMs: 0,
      ...traced,
    });
  }
  core.emit({ is: 'message.completed', id, queuedMs: 0, ...traced });
}
