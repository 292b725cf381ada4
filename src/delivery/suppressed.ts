import { reasonOf } from '../policy/classify.ts';
import type { Cause } from '../relay/outcome.ts';
import type { QueuedRecipient, Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { type SuppressionLookup, suppressedText } from '../relay/suppression.ts';
import { bounced, type Decision } from './disposition.ts';

export interface SuppressedDeps {
  readonly settings: () => Settings;
  readonly suppressed: SuppressionLookup;
}

/** The recipients of work that go on, and what becomes of the others. */
export interface Parted {
  readonly stay: readonly QueuedRecipient[];
  readonly decisions: readonly Decision[];
}

/**
 * What waits for a suppressed address ends before its attempt, also what may have arrived once: it
 * would be another copy to somebody who is to get none.
 */
export function withoutSuppressed(deps: SuppressedDeps, account: string, work: Work): Parted {
  const pathOf = ({ index }: QueuedRecipient): string =>
    work.message.envelope.recipients[index]?.forwardPath ?? '';
  if (!work.recipients.some((recipient) => deps.suppressed.has(pathOf(recipient)))) {
    return { stay: work.recipients, decisions: [] };
  }
  const stay: QueuedRecipient[] = [];
  const decisions: Decision[] = [];
  for (const recipient of work.recipients) {
    const found = deps.suppressed.find(pathOf(recipient), [account]);
    if (found === null) stay.push(recipient);
    else {
      const detail = suppressedText(found);
      decisions.push(ended(recipient, detail, deps.settings().suppression.action));
    }
  }
  return { stay, decisions };
}

function ended(recipient: QueuedRecipient, detail: string, action: 'refuse' | 'drop'): Decision {
  const cause: Cause = { from: 'us', reason: 'suppressed', detail };
  const told = bounced(recipient, cause, reasonOf(cause));
  if (action === 'refuse') return told;
  const becomes = { is: 'settled', outcome: 'discarded' } as const;
  return { ...told, becomes, outcome: null, told: 'discarded', notify: null };
}
