import type { QuotaReport } from '../control/reports.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { QuotaUse } from '../policy/quota.ts';
import type { Account, AccountState } from '../relay/account.ts';
import type { LaneCount } from '../relay/queue.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';

/** One that has no state of its own works. */
export function stateOf({ delivery }: { delivery: Delivery }, name: string): AccountState {
  return delivery.states().get(name) ?? { is: 'open' };
}

/** Empty without limits. */
export function quotaReports(uses: readonly QuotaUse[] = []): QuotaReport[] {
  return uses.map(({ rate, used }) => ({ rate: formatQuotaRate(rate), used }));
}

/** `starttls, verify full, at least TLSv1.2` */
export function tlsInWords({ tls }: Account): string {
  if (tls.mode === 'none') return 'none';
  const pins = tls.pins.length === 0 ? '' : `, ${tls.pins.length} pinned`;
  return `${tls.mode}, verify ${tls.verify}, at least ${tls.minimum}${pins}`;
}

/** Recipients that an account still has to serve by itself. */
export function waitingIn(queue: readonly LaneCount[]): number {
  return queue
    .filter(({ state }) => state === 'waiting' || state === 'in-doubt')
    .reduce((sum, { recipients }) => sum + recipients, 0);
}
