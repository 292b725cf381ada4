import type { QueuedRecipient } from '../relay/queue.ts';
import type { Redirect } from '../relay/queue-views.ts';
import type { LanePlan } from './route.ts';

/** Where an operator sends mail: by the routes in force, or to one account. */
export interface Direction {
  /** Null: by the routes. */
  readonly to: string | null;
  /** Also what may already have been delivered. */
  readonly force: boolean;
}

export type Redirection =
  | { readonly is: 'moves'; readonly lane: string; readonly step: Redirect['recipients'][number] }
  | { readonly is: 'stays' }
  // Left alone because it may arrive twice.
  | { readonly is: 'in-doubt' }
  // Waits, and the routes in force give it to no account.
  | { readonly is: 'without-account' };

const stays = { is: 'stays' } as const;

/** What becomes of one recipient; `plan` is its own by the routes in force. */
export function redirection(
  recipient: Pick<QueuedRecipient, 'index' | 'state' | 'lane' | 'lastReason'>,
  plan: Pick<LanePlan, 'action' | 'lane'> | undefined,
  { to, force }: Direction,
): Redirection {
  const { index, state } = recipient;
  const lane = to ?? (plan?.action === 'deliver' ? plan.lane : null);
  if (state !== 'waiting' && state !== 'in-doubt' && state !== 'held') return stays;
  if (lane === null) return state === 'waiting' ? { is: 'without-account' } : stays;
  const moves = (becomes: typeof state): Redirection => ({
    is: 'moves',
    lane,
    step: { index, was: state, becomes },
  });
  const elsewhere = lane !== recipient.lane;
  switch (state) {
    case 'in-doubt':
      // Only its own account can know whether it has it.
      if (!elsewhere) return stays;
      return to !== null && force ? moves('in-doubt') : { is: 'in-doubt' };
    case 'waiting':
      return elsewhere || to !== null ? moves('waiting') : stays;
    case 'held':
      if (isHeldForItsAccount(recipient, elsewhere)) return moves('waiting');
      return elsewhere ? moves('held') : stays;
  }
}

/** Another account ends what it is held for; what an operator or a rule holds stays held. */
function isHeldForItsAccount(
  { lane, lastReason }: Pick<QueuedRecipient, 'lane' | 'lastReason'>,
  elsewhere: boolean,
): boolean {
  return lastReason === 'no-route' || lane === null || (lastReason === 'sender' && elsewhere);
}
