import type { AccountReport } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { formatSize } from '../lib/size.ts';
import type { AccountState } from '../relay/account.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueuedRecipient, QueueRow } from '../relay/queue.ts';
import type { RelayPause } from '../relay/steering.ts';
import type { Io } from './io.ts';
import { type Column, stackedTable, table, wideColumns } from './table.ts';
import { count, displayWidth, jsonText } from './text.ts';
import { address, age, pauseText, until } from './words.ts';

const recipientsShownMax = 3;

/** Pages of a listing, one after the other; each method gives the text to print. */
export interface QueuePrinter {
  page(rows: readonly QueueRow[]): string;
  /** `next`: where the next page would begin; null when everything was listed. */
  end(next: MessageId | null): string;
}

/** What decides when mail goes, beside its own next try: the answer to account.list. */
export interface Going {
  readonly accounts: readonly Pick<AccountReport, 'name' | 'state'>[];
  readonly pause?: RelayPause | null;
}

/** A table for people. The titles stand above the first page only. */
export function tablePrinter(
  { accounts, pause = null }: Going,
  io: Pick<Io, 'columns' | 'nowMs'>,
): QueuePrinter {
  const look = { ...outlook(accounts, pause, io.nowMs()), columns: io.columns };
  let [messages, recipients] = [0, 0];
  return {
    page(rows) {
      const body = io.columns >= wideColumns ? wide(rows, look) : narrow(rows, look);
      const shown = messages === 0 ? body : body.slice(body.indexOf('\n') + 1);
      messages += rows.length;
      recipients += rows.reduce((sum, row) => sum + row.recipients.length, 0);
      return shown;
    },
    end(next) {
      if (messages === 0) return 'No mail in the queue matches.\n';
      const total = `${count(messages, 'message')}, ${count(recipients, 'recipient')}`;
      const more = next === null ? '' : `; more with --after ${next}`;
      return `\n${total}${more}\n${pauseText(pause)}`;
    },
  };
}

/** `{"rows":[...],"next":...}` on one line, however long it becomes. */
export function jsonPrinter(): QueuePrinter {
  const list = jsonList((row) => row);
  return {
    page: (rows) => list.page(rows).replace(/^\[/, '{"rows":['),
    end: (next) => `${list.end().replace(/^\[/, '{"rows":[')},"next":${jsonText(next)}}\n`,
  };
}

/** One id a line, or a list of them in JSON. */
export function idsPrinter(json: boolean): QueuePrinter {
  if (json) {
    const list = jsonList(({ message }) => message.id);
    return { page: list.page, end: () => `${list.end()}\n` };
  }
  return {
    page: (rows) => rows.map(({ message }) => `${message.id}\n`).join(''),
    end: () => '',
  };
}

/** A list in JSON that is printed while it is read. */
function jsonList(value: (row: QueueRow) => unknown): {
  page(rows: readonly QueueRow[]): string;
  end(): string;
} {
  let begun = false;
  return {
    page(rows) {
      const before = begun ? ',' : '[';
      begun ||= rows.length > 0;
      return rows.length === 0 ? '' : before + rows.map((row) => jsonText(value(row))).join(',');
    },
    end: () => (begun ? ']' : '[]'),
  };
}

interface Outlook {
  readonly nowMs: number;
  /** Of the accounts. */
  readonly states: ReadonlyMap<string, AccountState>;
  readonly pause: RelayPause | null;
}

export function outlook(
  accounts: Going['accounts'],
  pause: RelayPause | null,
  nowMs: number,
): Outlook {
  return { nowMs, states: new Map(accounts.map(({ name, state }) => [name, state])), pause };
}

interface Look extends Outlook {
  readonly columns: number;
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

/** When the first of these recipients goes, or what has to happen before. */
export function nextTry(
  recipients: readonly QueuedRecipient[],
  { nowMs, states, pause }: Outlook,
): string {
  const waiting = recipients.filter(({ state }) => state === 'waiting' || state === 'in-doubt');
  if (waiting.length === 0) return '-';
  const from = waiting.map(({ lane, dueAtMs }) => worksFrom(states.get(lane ?? ''), dueAtMs));
  const earliest = Math.min(...from);
  if (earliest === Number.POSITIVE_INFINITY) return 'account held';
  if (pause?.untilMs === null) return 'paused';
  return until(Math.max(earliest, pause?.untilMs ?? 0), nowMs);
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
