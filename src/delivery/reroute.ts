import { type LanePlan, planMessage } from '../policy/route.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { type Decision, held, putBack, wasInDoubt } from './disposition.ts';
import type { Recipients } from './grouping.ts';

/**
 * What the configuration in force makes of claimed work: who stays in the lane, and what becomes of
 * the others.
 */
export interface Rerouted {
  readonly stay: Recipients;
  readonly decisions: readonly Decision[];
}

/**
 * Queued mail follows the routes in force. What may have arrived already is the exception: it stays
 * with the account that may have delivered it (reference: promise 2), and is held when that account
 * is gone.
 */
export function reroute(
  work: Work,
  lane: string | null,
  settings: Settings,
  nowMs: number,
): Rerouted {
  const plans = planMessage(settings, work.message);
  const known = lane !== null && settings.accounts.has(lane);
  const only = plans.length === 1 ? plans[0] : undefined;
  if (known && only?.action === 'deliver' && only.lane === lane) {
    return { stay: work.recipients, decisions: [] };
  }
  const stay: Work['recipients'][number][] = [];
  const decisions: Decision[] = [];
  for (const recipient of work.recipients) {
    const plan = plans.find(({ indexes }) => indexes.includes(recipient.index));
    if (known && (wasInDoubt(recipient) || (plan?.action === 'deliver' && plan.lane === lane))) {
      stay.push(recipient);
    } else if (wasInDoubt(recipient)) {
      const detail = `account ${lane ?? '?'}, which may have delivered it, is no longer configured`;
      decisions.push(held(recipient, noRoute(detail), 'in-doubt'));
    } else {
      decisions.push(byPlan(recipient, plan, nowMs));
    }
  }
  return { stay, decisions };
}

function byPlan(
  recipient: Recipients[number],
  plan: LanePlan | undefined,
  nowMs: number,
): Decision {
  const moved = putBack(recipient, { lane: plan?.lane ?? '', nowMs });
  if (plan?.action === 'deliver') return moved;
  if (plan?.action === 'discard') {
    const text = 'discarded by the routes in force';
    const becomes = { is: 'settled', outcome: 'discarded' } as const;
    return { ...moved, becomes, reason: 'operator', text, told: 'discarded' };
  }
  // The client was promised delivery under other routes: an operator decides, not a bounce.
  const detail = plan?.text === undefined || plan.text === '' ? 'no route' : plan.text;
  return held(recipient, noRoute(detail), plan?.action === 'hold' ? 'operator' : 'no-route');
}

function noRoute(detail: string): Cause {
  return { from: 'us', reason: 'no-route', detail };
}
