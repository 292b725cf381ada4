import type { RecipientState } from '../relay/queue.ts';

/** What an operator does to mail in the queue. */
export const QUEUE_VERBS = ['flush', 'hold', 'release', 'remove', 'bounce'] as const;
export type QueueVerb = (typeof QUEUE_VERBS)[number];

/**
 * What a verb touches, never what is being sent. A bounce needs a message that can be read; in-doubt
 * mail is flushed only when it is named or all is meant, because it may have arrived.
 */
export function statesTouchedBy(
  verb: QueueVerb,
  { includeHeld, named }: { readonly includeHeld: boolean; readonly named: boolean },
): readonly RecipientState[] {
  switch (verb) {
    case 'flush': {
      const doubtful = includeHeld || named ? (['in-doubt'] as const) : [];
      return ['waiting', ...doubtful, ...(includeHeld ? (['held'] as const) : [])];
    }
    case 'hold':
      return ['waiting', 'in-doubt'];
    case 'release':
      return ['held', 'quarantined'];
    case 'remove':
      return ['waiting', 'in-doubt', 'held', 'quarantined'];
    case 'bounce':
      return ['waiting', 'in-doubt', 'held'];
  }
}
