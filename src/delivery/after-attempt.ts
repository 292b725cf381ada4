import { mayWork } from '../policy/lane-state.ts';
import type { Account } from '../relay/account.ts';
import type { Work } from '../relay/queue.ts';
import { sameAccount } from './account-identity.ts';
import type { AttemptEnd } from './attempt-contract.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import type { Item, Lane } from './lane.ts';

/** What an attempt was for. */
export interface Tried {
  readonly account: Account;
  readonly item: Item;
  readonly work: Work;
  /** On the clock that only grows. */
  readonly begunAtMs: number;
}

/**
 * What the end of an attempt says of its lane. True: the lane stops for a verdict on its account;
 * what it can bear by doing less it bears.
 */
export function stopsAfter(
  { settings, clock, permits, states }: DispatcherDeps,
  lane: Lane,
  { account, item, work, begunAtMs }: Tried,
  end: AttemptEnd,
): boolean {
  lane.done(item);
  lane.tried(work.recipients, end, clock());
  if (end.delivered) states.succeeded(lane);
  const { stopped } = end;
  if (stopped === null) return false;
  // A verdict on what a reload has replaced meanwhile says nothing about the new account.
  const current = settings().accounts.get(lane.name);
  if (current === undefined || !sameAccount(current, account)) return false;
  if (stopped.applied === true) return !mayWork(lane.state, clock());
  if (permits.slowDown(account, { stopped, begunAtMs, others: lane.connections })) return false;
  return states.stop(lane, account, stopped);
}
