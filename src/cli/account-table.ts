import type { AccountReport, QuotaReport } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import type { AccountState } from '../relay/account.ts';
import { oldest, recipientsIn } from './queue-counts.ts';
import { type Column, stackedTable, table, wideColumns } from './table.ts';
import { accountReason, age, until } from './words.ts';

const HEAD: readonly Column[] = [
  { title: 'ACCOUNT', shrinkTo: 12 },
  { title: 'STATE' },
  { title: 'QUEUED', align: 'right' },
  { title: 'OLDEST', align: 'right' },
  { title: 'OPEN', align: 'right' },
  { title: 'DELIVERED' },
  { title: 'USED', shrinkTo: 6 },
];

/**
 * One line per account, and why it does not work. OPEN: upstream connections, of at most how many.
 */
export function accountTable(
  accounts: readonly AccountReport[],
  { columns, nowMs }: { readonly columns: number; readonly nowMs: number },
): string {
  const rows = accounts.map((account) => ({
    cells: summary(account, nowMs),
    below: [accountReason(account.state) || heldSenders(account) || quotaDelay(account, nowMs)],
  }));
  if (columns < wideColumns) return stackedTable(HEAD, rows, columns);
  const head = [...HEAD, { title: 'WHY', shrinkTo: 24 }];
  return table(
    head,
    rows.map(({ cells, below }) => [...cells, ...below]),
    columns,
  );
}

function summary(account: AccountReport, nowMs: number): string[] {
  const queued = recipientsIn(account.queue);
  return [
    printable(account.name),
    shortState(account.state, nowMs),
    String(queued),
    queued === 0 ? '-' : age(oldest(account.queue), nowMs),
    `${account.connections.open}/${account.connections.max}`,
    lastDelivery(account, nowMs),
    usage(account.quota),
  ];
}

/** `held 3h12m`, `paused, in 4m` */
function shortState(state: AccountState, nowMs: number): string {
  if (state.is === 'open') return 'open';
  return state.is === 'held'
    ? `held ${age(state.sinceMs, nowMs)}`
    : `paused, ${until(state.untilMs, nowMs)}`;
}

/** `12 of 20/m, 312 of 500/d` */
export function usage(quota: readonly QuotaReport[]): string {
  return quota.length === 0 ? '-' : quota.map(({ rate, used }) => `${used} of ${rate}`).join(', ');
}

/** `limits.rate: out in 3h` while the limits delay what waits, else ''. */
export function quotaDelay({ outAtMs }: AccountReport, nowMs: number): string {
  const delays = outAtMs !== null && outAtMs - nowMs >= 1000;
  return delays ? `limits.rate: out ${until(outAtMs, nowMs)}` : '';
}

/** `may not send as a@b.example, c@b.example`, or ''. */
function heldSenders({ heldSenders: held }: AccountReport): string {
  const names = held.map(({ sender }) => printable(sender)).join(', ');
  return names === '' ? '' : `may not send as ${names}`;
}

/** `2 of at most 5`, `2 of at most 3 (5 configured; its upstream bears no more now)` */
export function connections({ connections: { open, max, now } }: AccountReport): string {
  const why = now < max ? ` (${max} configured; its upstream bears no more now)` : '';
  return `${open} of at most ${now}${why}`;
}

/** `13.4/s, as its upstream asks`; null: as fast as it goes. */
export function pace({ pacePerSecond }: AccountReport): string | null {
  return pacePerSecond === null ? null : `${pacePerSecond.toFixed(1)}/s, as its upstream asks`;
}

/** `5m ago`, or `-` when nothing was delivered since the daemon started. */
export function lastDelivery({ lastDeliveredAtMs }: AccountReport, nowMs: number): string {
  return lastDeliveredAtMs === null ? '-' : `${age(lastDeliveredAtMs, nowMs)} ago`;
}
