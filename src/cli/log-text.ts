import { printable } from '../lib/printable.ts';
import { formatSize } from '../lib/size.ts';
import { type Happened, timeline } from '../policy/timeline.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { Message } from '../relay/message.ts';
import type { QueueRow } from '../relay/queue.ts';
import { shownState } from './queue-list.ts';
import { address, instant, until } from './words.ts';

/** One message with all that happened to it, a line each. */
export function logText(entry: LogEntry, nowMs: number): string {
  const message = entry.history?.message ?? entry.queued?.message;
  if (message === undefined) return '';
  const waits = entry.queued === null ? [] : waitingLines(entry.queued, nowMs);
  return [headLine(message), ...timeline(entry).map(happenedLine), ...waits]
    .map((line) => `${line}\n`)
    .join('');
}

function headLine({ id, envelope, messageIdField, trace }: Message): string {
  const { reversePath, recipients } = envelope;
  const first = recipients[0]?.forwardPath ?? '?';
  const rest = recipients.length > 1 ? ` and ${recipients.length - 1} more` : '';
  const traced = trace === undefined ? '' : `  trace ${trace.traceId}`;
  const field = messageIdField === null ? '' : `  ${printable(messageIdField)}`;
  return `${id}  ${address(reversePath)} -> ${address(first)}${rest}${field}${traced}`;
}

/** `  2026-11-21 14:03:07 UTC  delivered  a@b.example, account gmail: 250 2.0.0 OK` */
function happenedLine({ atMs, what, recipient, account, text, providerId }: Happened): string {
  const about = [
    ...(recipient === null ? [] : [address(recipient)]),
    ...(account === null ? [] : [`account ${printable(account)}`]),
  ].join(', ');
  const told = printable(what === 'accepted' ? withSize(text) : text);
  const id = providerId === undefined ? '' : ` (provider id ${printable(providerId)})`;
  const between = about === '' || told === '' ? '' : ': ';
  return `  ${instant(atMs)}  ${what.padEnd(9)}  ${about}${between}${told}${id}`.trimEnd();
}

const withSize = (text: string): string =>
  text.replace(/\d+(?= bytes$)/, (bytes) => formatSize(Number(bytes))).replace(/ bytes$/, '');

function waitingLines({ message, recipients }: QueueRow, nowMs: number): string[] {
  return recipients.map(({ index, state, lane, dueAtMs, lastText }) => {
    const path = message.envelope.recipients[index]?.forwardPath ?? '?';
    const due =
      state === 'waiting' || state === 'in-doubt' ? `, next try ${until(dueAtMs, nowMs)}` : '';
    const where = lane === null ? '' : `, account ${printable(lane)}`;
    const why = lastText === null || lastText === '' ? '' : `: ${printable(lastText)}`;
    return `  ${'in the queue'.padEnd(23)}  ${shownState(state).padEnd(9)}  ${address(path)}${where}${due}${why}`;
  });
}
