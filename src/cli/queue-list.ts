import type { AccountReport } from '../control/reports.ts';
import { formatSize } from '../lib/size.ts';
import type { AccountState } from '../relay/account.ts';
import type { QueuedRecipient, QueueRow } from '../relay/queue.ts';
import type { Io } from './io.ts';
import { type Column, stackedTable, table, wideColumns } from './table.ts';
import { count, displayWidth, printable } from './text.ts';
import { address, age, until } from './words.ts';

const recipientsShownMax = 3;

export function renderQueue(
  page: { readonly rows: readonly QueueRow[]; readonly next: string | null },
  accounts: readonly Pick<AccountReport, 'name' | 'state'>[],
  io: Pick<Io, 'columns' | 'nowMs'>,
): string {
  if (page.rows.length === 0) return 'No mail in the queue matches.\n';
  const states = new Map(accounts.map(({ name, state }) => [name, state]));
  const look: Look = { nowMs: io.nowMs(), columns: io.columns, states };
  const body = io.columns >= wideColumns ? wide(page.rows, look) : narrow(page.rows, look);
  const recipients = page.rows.reduce((sum, row) => sum + row.recipients.length, 0);
  const total = `${count(page.rows.length, 'message')}, ${count(recipients, 'recipient')}`;
  const more = page.next === null ? '' : `; more with --after ${page.next}`;
  return `${body}\n${total}${more}\n`;
}

interface Look {
  readonly nowMs: number;
  readonly columns: number;
  /** Of the accounts. */
  readonly states: ReadonlyMap<string, AccountState>;
}

const HEAD: readonly Column[] = [
  { title: 'ID' },
  { title: 'AGE', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'ACCOUNT', shrinkTo: 12 },
  { title: 'STATE', shrinkTo: 8 },
  { title: 'NEXT TRY' },
];

function wide(rows: readonly QueueRow[], look: Look): string {
  const head: Column[] = [
    ...HEAD,
    { title: 'SENDER', shrinkTo: 16 },
    { title: 'RECIPIENTS', shrinkTo: 16 },
    { title: 'LAST REPLY OR REASON', shrinkTo: 24 },
  ];
  const cells = rows.map((row) => [
    ...summary(row, look),
    address(row.message.envelope.reversePath),
    recipientsText(row, Number.POSITIVE_INFINITY),
    lastText(row),
  ]);
  return table(head, cells, look.columns);
}

function narrow(rows: readonly QueueRow[], look: Look): string {
  const { columns } = look;
  const stacked = rows.map((row) => {
    const sender = `${address(row.message.envelope.reversePath)} -> `;
    const recipients = recipientsText(row, columns - displayWidth(sender) - 2);
    return { cells: summary(row, look), below: [`${sender}${recipients}`, lastText(row)] };
  });
  return stackedTable(HEAD, stacked, columns);
}

function summary({ message, recipients }: QueueRow, look: Look): string[] {
  return [
    message.id,
    age(message.acceptedAtMs, look.nowMs),
    formatSize(message.bytes),
    printable([...new Set(recipients.map(({ lane }) => lane ?? '-'))].join(', ')),
    states(recipients),
    nextTry(recipients, look),
  ];
}

/** `waiting`, or `2 waiting, 1 held` when they differ. */
export function states(recipients: readonly Pick<QueuedRecipient, 'state'>[]): string {
  const groups = Map.groupBy(recipients, ({ state }) => shownState(state));
  if (groups.size <= 1) return groups.keys().next().value ?? '-';
  return [...groups].map(([state, members]) => `${members.length} ${state}`).join(', ');
}

/** A lease is how the queue says that an attempt is under way. */
export function shownState(state: QueuedRecipient['state']): string {
  return state === 'leased' ? 'sending' : state;
}

function nextTry(recipients: readonly QueuedRecipient[], { nowMs, states }: Look): string {
  const waiting = recipients.filter(({ state }) => state === 'waiting' || state === 'in-doubt');
  if (waiting.length === 0) return '-';
  const from = waiting.map(({ lane, dueAtMs }) => worksFrom(states.get(lane ?? ''), dueAtMs));
  const earliest = Math.min(...from);
  return earliest === Number.POSITIVE_INFINITY ? 'account held' : until(earliest, nowMs);
}

/** When mail that is due can go, its account permitting; infinite: not before someone acts. */
export function worksFrom(account: AccountState | undefined, dueAtMs: number): number {
  if (account?.is === 'held') return Number.POSITIVE_INFINITY;
  return account?.is === 'paused' ? Math.max(dueAtMs, account.untilMs) : dueAtMs;
}

function recipientsText({ message, recipients }: QueueRow, columns: number): string {
  const paths = recipients.map(({ index }) =>
    address(message.envelope.recipients[index]?.forwardPath ?? '?'),
  );
  for (let shown = Math.min(paths.length, recipientsShownMax); shown > 1; shown--) {
    const text = listed(paths, shown);
    if (displayWidth(text) <= columns) return text;
  }
  return listed(paths, 1);
}

function listed(paths: readonly string[], shown: number): string {
  const rest = paths.length - shown;
  return `${paths.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function lastText({ recipients }: QueueRow): string {
  const texts = [...new Set(recipients.flatMap(({ lastText: text }) => text ?? []))];
  const rest = texts.length > 1 ? ` (and ${count(texts.length - 1, 'other')})` : '';
  return texts[0] === undefined ? '' : `${printable(texts[0])}${rest}`;
}
