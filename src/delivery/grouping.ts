import type { Cause, Phase } from '../relay/outcome.ts';
import type { QueuedRecipient } from '../relay/queue.ts';
import type { Result } from './judge.ts';

export type Recipients = readonly QueuedRecipient[];

/** What is decided, and the groups that need another transaction at once. */
export interface Sorted {
  readonly final: Recipients;
  readonly results: readonly Result[];
  readonly split: Recipients[];
  readonly reconnect: Recipients;
}

/**
 * Sorts the results of one transaction. `mayRepeat` false: what asks to be repeated is final too.
 */
export function sortResults(
  recipients: Recipients,
  results: readonly Result[],
  mayRepeat: boolean,
): Sorted {
  if (!mayRepeat || results.every(({ is }) => is !== 'again')) {
    return { final: recipients, results, split: [], reconnect: [] };
  }
  const final: QueuedRecipient[] = [];
  const finalResults: Result[] = [];
  const split: QueuedRecipient[] = [];
  const reconnect: QueuedRecipient[] = [];
  recipients.forEach((recipient, at) => {
    const result = results[at];
    if (result === undefined) return;
    const repeats = result.is === 'again';
    if (repeats && result.why === 'reconnect') reconnect.push(recipient);
    else if (repeats && recipients.length > 1) split.push(recipient);
    else {
      final.push(recipient);
      finalResults.push(result);
    }
  });
  // All refused together: halves. Some accepted: the rest may well fit into one more.
  const size = split.length === recipients.length ? Math.ceil(split.length / 2) : split.length;
  const groups = split.length === 0 ? [] : chunks(split, size);
  return { final, results: finalResults, split: groups, reconnect };
}

export function chunks(recipients: Recipients, size: number): Recipients[] {
  if (recipients.length <= size) return [recipients];
  const parts: Recipients[] = [];
  for (let from = 0; from < recipients.length; from += size) {
    parts.push(recipients.slice(from, from + size));
  }
  return parts;
}

/** The first of them, as many as one transaction can have, and the rest. */
export function parted(recipients: Recipients, most: number): [Recipients, Recipients] {
  if (recipients.length <= most) return [recipients, []];
  return [recipients.slice(0, most), recipients.slice(most)];
}

/** Where a transaction stopped for the first recipient it stopped for; null: it did not. */
export function lastPhase(results: readonly Result[]): Phase | null {
  const failed = results.find((result) => result.is !== 'delivered');
  return failed === undefined ? null : phaseOf(failed.cause);
}

export function phaseOf(cause: Cause): Phase {
  return cause.from === 'us' ? 'mail' : cause.phase;
}
