import type { Cause } from '../relay/outcome.ts';
import type { Author } from './sends-as.ts';

/** The addresses a message is sent as, in lower case; the null reverse-path is none. */
export function sendersOf({ reversePath, from }: Author): readonly string[] {
  const all = [...from, reversePath].map((address) => address.toLowerCase());
  return [...new Set(all)].filter((address) => address !== '');
}

/**
 * The sender that a refusal is about: the one the reply names, else the reverse-path while only that
 * was told, and the From field afterwards. Null: nobody that other mail could have in common.
 */
export function refusedSender(author: Author, cause: Cause): string | null {
  if (cause.from !== 'peer') return null;
  const senders = sendersOf(author);
  const text = cause.reply.text.toLowerCase();
  const named = senders.find((sender) => text.includes(sender));
  if (named !== undefined) return named;
  if (cause.phase === 'mail' || cause.phase === 'rcpt') {
    return author.reversePath.toLowerCase() || null;
  }
  return senders[0] ?? null;
}
