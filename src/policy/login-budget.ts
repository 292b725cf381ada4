import type { Rate } from '../lib/rate.ts';
import type { AccountLimits } from '../relay/account.ts';

/** For providers that are not known to count: what no account in order ever needs. */
const usualLogins: Rate = { count: 600, windowMs: 60_000 };

/** When an account may log in next, `nowMs` when it may now. `pastMs`: its logins, oldest first. */
export function loginFrom(
  pastMs: readonly number[],
  { logins = usualLogins }: Pick<AccountLimits, 'logins'>,
  nowMs: number,
): number {
  const blocking = pastMs.at(-logins.count);
  return blocking === undefined ? nowMs : Math.max(nowMs, blocking + logins.windowMs);
}

/** Those of the past logins that still count. */
export function recentLogins(
  pastMs: readonly number[],
  { logins = usualLogins }: Pick<AccountLimits, 'logins'>,
): readonly number[] {
  return pastMs.slice(-logins.count);
}
