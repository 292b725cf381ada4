import type { Message } from '../relay/message.ts';
import type { Cause } from '../relay/outcome.ts';

type Author = Pick<Message, 'envelope' | 'from'>;

/** The addresses a message is sent as, in lower case; the null reverse-path is none. */
export function sendersOf({ envelope, from }: Author): readonly string[] {
  const both = [from ?? '', envelope.reversePath].map((address) => address.toLowerCase());
  return [...new Set(both)].filter((address) => address !== '');
}

/**
 * The sender that a refusal is about: the one the reply names, else the reverse-path while only that
 * was told, and the From field afterwards. Null: nobody that other mail could have in common.
 */
export function refusedSender(message: Author, cause: Cause): string | null {
  if (cause.from !== 'peer') return null;
  const senders = sendersOf(message);
  const text = cause.reply.text.toLowerCase();
  const named = senders.find((sender) => text.includes(sender));
  if (named !== undefined) return named;
  if (cause.phase === 'mail' || cause.phase === 'rcpt') {
    return message.envelope.reversePath.toLowerCase() || null;
  }
  return senders[0] ?? null;
}
