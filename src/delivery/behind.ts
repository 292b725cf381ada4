import type { Account } from '../relay/account.ts';
import type { Tried } from './after-attempt.ts';
import { Attempt } from './attempt.ts';
import type { AttemptGiven, Behind } from './attempt-contract.ts';
import type { Connection } from './connection.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import type { Item, Lane } from './lane.ts';
import { withoutSuppressed } from './suppressed.ts';

/** Where a message may follow another: behind `leader`, which its connection is about to end. */
export interface Place {
  readonly lane: Lane;
  readonly account: Account;
  readonly leader: Item;
  readonly connection: Connection;
}

/**
 * The attempt for the lane's next message behind the one that a connection is about to end, by the
 * same rules as any other; it has left the lane then. Null: none that could begin at once, and what
 * waits begins as usual.
 */
export function begunBehind(
  deps: DispatcherDeps,
  { lane, account, leader, connection }: Place,
  follow: (item: Item) => AttemptGiven['follow'],
): { readonly tried: Tried; readonly behind: Behind } | null {
  const item = lane.peekBehind(account);
  if (item === null || item.body === null) return null;
  const { work, body } = item;
  if (withoutSuppressed(deps, lane.name, work).decisions.length > 0) return null;
  const reserve = () => deps.permits.reserveNow(lane.name, work.recipients.length);
  const given = { account, work, body, follow: follow(item) };
  const behind = new Attempt(deps.attempts, given).behind(connection, reserve);
  if (behind === null) return null;
  lane.takeBehind(leader, item);
  return { tried: { account, item, work, begunAtMs: deps.monotonic() }, behind };
}
