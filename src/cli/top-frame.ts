import type { AccountReport, QuotaReport } from '../control/reports.ts';
import type { ConnectionReport, TopReport } from '../control/steering-reports.ts';
import { printable } from '../lib/printable.ts';
import { oldest, recipientsIn } from './queue-counts.ts';
import { type Column, table } from './table.ts';
import { count, shorten } from './text.ts';
import { age, instant, until } from './words.ts';

export const SORTS = ['queued', 'rate', 'oldest', 'account'] as const;
export type Sort = (typeof SORTS)[number];

/** What of a report fits a screen. */
export interface View {
  readonly columns: number;
  /** Infinite: everything, without a last line about keys. */
  readonly rows: number;
  readonly sort: Sort;
  /** Accounts that are scrolled over. */
  readonly offset: number;
}

const HEAD: readonly Column[] = [
  { title: 'ACCOUNT', shrinkTo: 8 },
  { title: 'STATE', shrinkTo: 6 },
  { title: 'RATE', align: 'right' },
  { title: 'QUEUED', align: 'right' },
  { title: 'OLDEST', align: 'right' },
  { title: 'LEFT', align: 'right', shrinkTo: 5 },
  { title: 'PACE', align: 'right' },
  { title: 'CONN', align: 'right' },
  { title: 'DOING NOW', shrinkTo: 9 },
];

/** Lines besides those of accounts: three above with the titles, one below with the keys. */
const otherLines = 4;

/** How many accounts a screen shows. */
export function accountRows(rows: number): number {
  return Math.max(1, rows - otherLines);
}

/** One picture of everything that moves, at most as large as the view. */
export function topFrame(report: TopReport, view: View): string[] {
  const { columns, offset, rows } = view;
  const sorted = report.accounts.toSorted(ORDERS[view.sort](report));
  const shown = sorted.slice(offset, offset + accountRows(rows));
  const cells = shown.map((account) => cellsOf(report, account));
  const lines =
    sorted.length === 0
      ? ['No accounts are configured.']
      : table(HEAD, cells, columns).trimEnd().split('\n');
  const frame = [totals(report), ...second(report), ...lines];
  const cut = (line: string): string => shorten(line, columns);
  if (rows === Number.POSITIVE_INFINITY) return frame.map(cut);
  const blank = Math.max(0, rows - 1 - frame.length);
  const filled = [...frame.slice(0, rows - 1), ...new Array<string>(blank).fill('')];
  const range =
    sorted.length === 0 ? '' : `   ${offset + 1}-${offset + shown.length} of ${sorted.length}`;
  const keys = `q quit   s sort: ${view.sort}   arrows, PgUp, PgDn: scroll${range}`;
  return [...filled, keys].map(cut);
}

function totals(report: TopReport): string {
  const flows = Object.values(report.flows);
  const rate = (kind: 'delivered' | 'deferred' | 'bounced'): string =>
    perSecond(flows.reduce((sum, flow) => sum + flow[kind].perSecond, 0));
  const time = instant(report.nowMs).slice(11, 19);
  return (
    `relayd ${time}  in ${perSecond(report.accepted.perSecond)}/s  ` +
    `delivered ${rate('delivered')}/s  deferred ${rate('deferred')}/s  bounced ${rate('bounced')}/s`
  );
}

function second({ accounts, connections, pause, nowMs }: TopReport): string[] {
  const queued = accounts.reduce((sum, { queue }) => sum + recipientsIn(queue), 0);
  const facts = `${count(queued, 'recipient')} queued, ${count(connections.length, 'connection')}`;
  if (pause === null) return [facts];
  const end = pause.untilMs === null ? '' : `, goes on ${until(pause.untilMs, nowMs)}`;
  return [`ALL DELIVERY IS PAUSED: ${printable(pause.reason)}${end}; ${facts}`];
}

function cellsOf(report: TopReport, account: AccountReport): string[] {
  const { nowMs, connections } = report;
  const queued = recipientsIn(account.queue);
  const own = connections.filter((one) => one.account === account.name);
  return [
    printable(account.name),
    stateText(account, nowMs),
    perSecond(rateOf(report, account)),
    String(queued),
    queued === 0 ? '-' : age(oldest(account.queue), nowMs),
    leftText(account.quota),
    account.pacePerSecond === null ? '-' : `${perSecond(account.pacePerSecond)}/s`,
    `${own.length}/${account.connections.now}`,
    doingText(own),
  ];
}

function stateText({ state }: AccountReport, nowMs: number): string {
  if (state.is === 'open') return 'open';
  return state.is === 'held' ? 'held' : `paused ${until(state.untilMs, nowMs)}`;
}

/** What is left of the tightest window. */
function leftText(quota: readonly QuotaReport[]): string {
  const left = quota.map(({ rate, used }) => {
    const allowed = Number.parseInt(rate, 10);
    return { rate, left: Math.max(0, allowed - used), part: (allowed - used) / allowed };
  });
  const tightest = left.toSorted((a, b) => a.part - b.part)[0];
  return tightest === undefined ? '-' : `${tightest.left} of ${tightest.rate}`;
}

/** `data 3s, mail 0s, 2 idle`; the longest first. */
function doingText(connections: readonly ConnectionReport[]): string {
  const busy = connections
    .filter(({ doing }) => doing !== 'idle')
    .toSorted((a, b) => b.forMs - a.forMs)
    .map(({ doing, forMs }) => `${doing} ${Math.floor(forMs / 1000)}s`);
  const idle = connections.length - busy.length;
  const resting = idle === 0 ? [] : [idle === 1 ? 'idle' : `${idle} idle`];
  return [...busy, ...resting].join(', ');
}

function rateOf({ flows }: TopReport, { name }: AccountReport): number {
  return flows[name]?.delivered.perSecond ?? 0;
}

function perSecond(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}

type Order = (a: AccountReport, b: AccountReport) => number;

const byName: Order = (a, b) => (a.name < b.name ? -1 : 1);

const ORDERS: Readonly<Record<Sort, (report: TopReport) => Order>> = {
  account: () => byName,
  queued: () => (a, b) => recipientsIn(b.queue) - recipientsIn(a.queue) || byName(a, b),
  rate: (report) => (a, b) => rateOf(report, b) - rateOf(report, a) || byName(a, b),
  oldest: () => (a, b) => {
    const [first, next] = [oldest(a.queue), oldest(b.queue)];
    return first === next ? byName(a, b) : first - next;
  },
};
