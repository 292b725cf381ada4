import type { Work } from '../relay/queue.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import type { Decision } from './disposition.ts';
import { claimMax, type Lane, leaseFrom } from './lane.ts';
import { reroute } from './reroute.ts';
import { tellStoreFailure } from './store-failure.ts';
import { storageRestMs } from './stored-body.ts';

type ClaimDeps = Pick<
  DispatcherDeps,
  'store' | 'owner' | 'clock' | 'onRanDry' | 'emit' | 'settings' | 'failover'
>;

type Settle = (work: Work, decisions: readonly Decision[]) => void;

/** Leases what is due in the lane and takes it into memory; a storage that fails is asked again. */
export async function claim(deps: ClaimDeps, lane: Lane, settle: Settle): Promise<void> {
  const { store, owner, clock, onRanDry } = deps;
  lane.claiming = true;
  // Mail that becomes due while the claim is under way is noted again.
  lane.dueAtMs = null;
  const nowMs = clock();
  const query = { lane: lane.name, nowMs, lease: leaseFrom(owner, nowMs), limit: claimMax };
  try {
    const works = await store.claim(query);
    if (works.length < claimMax) onRanDry();
    else lane.noteDue(nowMs);
    addClaimed(deps, { lane, works }, settle);
  } catch (error) {
    tellStoreFailure(deps.emit, error);
    lane.noteDue(nowMs + storageRestMs);
  } finally {
    lane.claiming = false;
  }
}

/** Queued mail follows the routes in force: what has another way now is handed over. */
function addClaimed(
  { settings, clock, failover }: ClaimDeps,
  { lane, works }: { readonly lane: Lane; readonly works: readonly Work[] },
  settle: Settle,
): void {
  const context = { settings: settings(), choose: failover.choose, nowMs: clock() };
  const items = works.flatMap((work) => {
    const { stay, decisions } = reroute(work, lane.name, context);
    if (decisions.length > 0) settle(work, decisions);
    return stay.length > 0 ? [{ work: { ...work, recipients: stay }, body: null }] : [];
  });
  lane.addClaimed(items);
}
