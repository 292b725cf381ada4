import type { AccountReport, MessageReport } from '../control/reports.ts';
import type { Answer } from '../control/wire.ts';
import { formatDuration } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import { formatSize } from '../lib/size.ts';
import { sendersOf } from '../policy/held-sender.ts';
import { authorOf } from '../policy/sends-as.ts';
import type { Message } from '../relay/message.ts';
import type { AttemptRecord, HistoryEntry, QueueRow } from '../relay/queue.ts';
import type { RelayPause } from '../relay/steering.ts';
import { nextTry, outlook, shownState } from './queue-list.ts';
import { facts, table } from './table.ts';
import {
  accountHint,
  accountReason,
  accountState,
  address,
  age,
  instant,
  pauseText,
  until,
} from './words.ts';

/**
 * Everything known of one message: what it is, where each recipient stands, every attempt, and why
 * it waits.
 */
export function renderMessage(
  report: MessageReport,
  { accounts, pause = null }: Answer<'account.list'>,
  nowMs: number,
): string {
  const message = report.queued?.message ?? report.history?.message;
  if (message === undefined) return 'Nothing is known of it.\n';
  const sections = [
    messageFacts(message, report.queued !== null, nowMs),
    report.queued === null ? '' : queuedTable(report.queued, outlook(accounts, pause, nowMs)),
    report.queued === null ? '' : pausedLines(report.queued, pause),
    report.queued === null ? '' : blockedLines(report.queued, accounts, nowMs),
    report.queued === null ? '' : senderLines(report.queued, accounts),
    standInLines(report.standIns, accounts, nowMs),
    report.history === null ? '' : settledTable(report.history),
    report.history === null ? '' : attemptLines(report.history),
    report.history === null ? '' : feedbackTable(report.history),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function messageFacts(message: Message, queued: boolean, nowMs: number): string {
  const { envelope } = message;
  return facts([
    ['Message', message.id],
    ['Accepted', `${instant(message.acceptedAtMs)} (${age(message.acceptedAtMs, nowMs)} ago)`],
    [
      'Expires',
      queued ? `${instant(message.expiresAtMs)} (${until(message.expiresAtMs, nowMs)})` : null,
    ],
    ['Client', printable(message.client)],
    [
      'Bound to',
      message.boundAccount === null ? null : `account ${printable(message.boundAccount)}`,
    ],
    ['Sender', address(envelope.reversePath)],
    ['From', message.from === null ? null : printable(message.from)],
    ['Message-ID', message.messageIdField === null ? null : printable(message.messageIdField)],
    ['Trace', message.trace?.traceId ?? null],
    ['Size', formatSize(message.bytes)],
    ['ENVID', envelope.envid === null ? null : printable(envelope.envid)],
  ]);
}

function queuedTable(row: QueueRow, look: ReturnType<typeof outlook>): string {
  const cells = row.recipients.map((recipient) => [
    recipientName(row.message, recipient.index),
    shownState(recipient.state),
    printable(recipient.lane ?? '-'),
    String(recipient.attempts),
    nextTry([recipient], look),
    printable(recipient.lastText ?? ''),
  ]);
  const head = [
    { title: 'RECIPIENT' },
    { title: 'STATE' },
    { title: 'ACCOUNT' },
    { title: 'ATTEMPTS', align: 'right' as const },
    { title: 'NEXT TRY' },
    { title: 'LAST REPLY OR REASON' },
  ];
  // The replies are what people come for: nothing is cut, a terminal wraps the lines.
  return table(head, cells, Number.POSITIVE_INFINITY);
}

/** What is held waits for more than the end of the pause. */
function pausedLines({ recipients }: QueueRow, pause: RelayPause | null): string {
  const waits = recipients.some(({ state }) => state === 'waiting' || state === 'in-doubt');
  return waits ? pauseText(pause) : '';
}

/** Accounts that stand in the way of this message, and what sets them going. */
function blockedLines(row: QueueRow, accounts: readonly AccountReport[], nowMs: number): string {
  const lanes = new Set(row.recipients.map(({ lane }) => lane));
  return accounts
    .filter(({ name, state }) => lanes.has(name) && state.is !== 'open')
    .map(({ name, state }) => {
      const shown = printable(name);
      const hint = accountHint(state);
      return (
        `Account ${shown} is ${accountState(state, nowMs)}: ${accountReason(state)}\n` +
        (hint === null ? '' : `  ${hint}\n`) +
        `  To set it going: relayctl account resume ${shown}\n`
      );
    })
    .join('');
}

/** What sets mail going that is held because of its sender. */
function senderLines(
  { message, recipients }: QueueRow,
  accounts: readonly AccountReport[],
): string {
  const held = recipients.filter((one) => one.state === 'held' && one.lastReason === 'sender');
  const lanes = new Set(held.map(({ lane }) => lane));
  const senders = sendersOf(authorOf(message));
  return accounts
    .filter(({ name }) => lanes.has(name))
    .flatMap(({ name, heldSenders }) => heldSenders.map((one) => ({ name, ...one })))
    .filter(({ sender }) => senders.includes(sender))
    .map(({ name, sender, hint }) => {
      const [account, address] = [printable(name), printable(sender)];
      return (
        `Account ${account} may not send as ${address}. ${printable(hint)}\n` +
        `  When it is mended: relayctl account resume ${account} --sender ${address}\n`
      );
    })
    .join('');
}

/** Why it waits for another account than the first of its route. */
function standInLines(
  standIns: MessageReport['standIns'],
  accounts: readonly AccountReport[],
  nowMs: number,
): string {
  return standIns
    .map(({ account, insteadOf }) => {
      const state = accounts.find(({ name }) => name === insteadOf)?.state ?? { is: 'open' };
      const why = accountReason(state) || 'its limits, or it works again';
      const first = `${printable(insteadOf)}, which is ${accountState(state, nowMs)}`;
      return `Account ${printable(account)} stands in for ${first}: ${why}\n`;
    })
    .join('');
}

function settledTable({ message, recipients }: HistoryEntry): string {
  if (recipients.length === 0) return '';
  const cells = recipients.map(({ index, outcome, atMs, text }) => [
    recipientName(message, index),
    outcome,
    instant(atMs),
    printable(text),
  ]);
  const head = [
    { title: 'SETTLED' },
    { title: 'OUTCOME' },
    { title: 'WHEN' },
    { title: 'REPLY OR REASON' },
  ];
  return table(head, cells, Number.POSITIVE_INFINITY);
}

function attemptLines({ message, attempts }: HistoryEntry): string {
  if (attempts.length === 0) return '';
  return `ATTEMPTS\n${attempts.map((attempt) => attemptText(message, attempt)).join('')}`;
}

/** What the provider said after it took the mail. */
function feedbackTable({ message, events = [] }: HistoryEntry): string {
  const said = events.filter((event) => event.is === 'feedback');
  if (said.length === 0) return '';
  const cells = said.map(({ index, kind, provider, atMs, text }) => [
    index === null ? '-' : recipientName(message, index),
    kind,
    instant(atMs),
    provider,
    printable(text),
  ]);
  const head = ['SAID LATER OF', 'WHAT', 'WHEN', 'BY', 'DETAIL'].map((title) => ({ title }));
  return table(head, cells, Number.POSITIVE_INFINITY);
}

function attemptText(message: Message, attempt: AttemptRecord): string {
  const as = attempt.authenticatedAs === null ? 'without AUTH' : `as ${attempt.authenticatedAs}`;
  const took = formatDuration(attempt.tookMs);
  const head = printable(
    `${instant(attempt.startedAtMs)}  ${attempt.account} ${as} to ${attempt.peer}, ` +
      `${attempt.tls ?? 'without TLS'}, took ${took}`,
  );
  const results = attempt.results.map(({ index, outcome, text, providerId }) => {
    const id = providerId === undefined ? '' : `      provider's id: ${printable(providerId)}\n`;
    return `    ${recipientName(message, index)} ${outcome}: ${printable(text)}\n${id}`;
  });
  return `${head}\n${results.join('')}`;
}

function recipientName({ envelope }: Message, index: number): string {
  const recipient = envelope.recipients[index];
  const copy = recipient?.blind === true ? ' (copy by its route)' : '';
  return address(recipient?.forwardPath ?? '?') + copy;
}
