import { type LanePlan, planMessage } from '../policy/route.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Work } from '../relay/queue.ts';
import type { Settings } from '../relay/settings.ts';
import { type Decision, held, putBack, wasInDoubt } from './disposition.ts';
import type { Choose } from './failover.ts';
import type { Recipients } from './grouping.ts';

/**
 * What the configuration in force makes of claimed work: who stays in the lane, and what becomes of
 * the others.
 */
export interface Rerouted {
  readonly stay: Recipients;
  readonly decisions: readonly Decision[];
}

export interface ReroutingContext {
  readonly settings: Settings;
  readonly choose: Choose;
  readonly nowMs: number;
}

/**
 * Queued mail follows the routes in force. What may have arrived already is the exception: it stays
 * with the account that may have delivered it (reference: promise 2), and is held when that account
 * is gone.
 */
export function reroute(
  work: Work,
  lane: string | null,
  { settings, choose, nowMs }: ReroutingContext,
): Rerouted {
  const plans = planMessage(settings, work.message);
  const known = lane !== null && settings.accounts.has(lane);
  const lanes = new Map(plans.map((plan) => [plan, laneOf(plan, { lane, work, choose })]));
  const only = plans.length === 1 ? plans[0] : undefined;
  if (known && only !== undefined && lanes.get(only) === lane) {
    return { stay: work.recipients, decisions: [] };
  }
  const stay: Work['recipients'][number][] = [];
  const decisions: Decision[] = [];
  for (const recipient of work.recipients) {
    const plan = plans.find(({ indexes }) => indexes.includes(recipient.index));
    const to = (plan && lanes.get(plan)) ?? null;
    if (known && (wasInDoubt(recipient) || to === lane)) {
      stay.push(recipient);
    } else if (wasInDoubt(recipient)) {
      const detail = `account ${lane ?? '?'}, which may have delivered it, is no longer configured`;
      decisions.push(held(recipient, noRoute(detail), 'in-doubt'));
    } else {
      const moved = putBack(recipient, { lane: to ?? '', nowMs });
      decisions.push(to === null ? withoutLane(recipient, plan, moved) : moved);
    }
  }
  return { stay, decisions };
}

/** Whose lane the plan's recipients belong in; null: none's, see `withoutLane`. */
function laneOf(
  { action, accounts, indexes }: LanePlan,
  { lane, work, choose }: { lane: string | null; work: Work; choose: Choose },
): string | null {
  // Nothing is asked for recipients that are not here.
  const here = work.recipients.filter(({ index }) => indexes.includes(index)).length;
  if (action !== 'deliver' || accounts.length === 0 || here === 0) return null;
  return choose({ accounts, current: lane, recipients: here });
}

function withoutLane(
  recipient: Recipients[number],
  plan: LanePlan | undefined,
  moved: Decision,
): Decision {
  if (plan?.action === 'deliver') {
    const detail = `account ${plan.lane ?? '?'} may not send as this sender: see its identities`;
    return held(recipient, noRoute(detail), 'sender');
  }
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
