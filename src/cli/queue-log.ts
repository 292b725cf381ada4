import type { MessageReport } from '../control/reports.ts';
import { formatDuration } from '../lib/duration.ts';
import type { Message } from '../relay/message.ts';
import type { AttemptRecord, HistoryEntry } from '../relay/queue.ts';
import { printable } from './text.ts';
import { address, instant } from './words.ts';

interface Happening {
  readonly atMs: number;
  readonly text: string;
}

/** What is known to have happened to a message, oldest first; safe to print. */
export function logLines({ queued, history }: MessageReport): string[] {
  const message = queued?.message ?? history?.message;
  if (message === undefined) return [];
  const happenings: Happening[] = [
    accepted(message),
    ...(history?.attempts ?? []).flatMap((attempt) => attempted(message, attempt)),
    ...(history?.recipients ?? []).map((one) => settled(message, one)),
  ];
  if (history !== null && history.settledAtMs !== null) {
    happenings.push({ atMs: history.settledAtMs, text: 'completed' });
  }
  return happenings
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, text }) => `${instant(atMs)}  ${printable(text)}`);
}

function accepted({ acceptedAtMs, client, envelope, bytes }: Message): Happening {
  const to = envelope.recipients.map(({ forwardPath }) => forwardPath).join(', ');
  const text = `accepted from ${client}: ${bytes} bytes from ${address(envelope.reversePath)} to ${to}`;
  return { atMs: acceptedAtMs, text };
}

function attempted(message: Message, attempt: AttemptRecord): Happening[] {
  const { account, peer, startedAtMs, tookMs, results } = attempt;
  const how = `through ${account} at ${peer} in ${formatDuration(tookMs)}`;
  return results.map(({ index, outcome, text, providerId }) => ({
    atMs: startedAtMs + tookMs,
    text:
      `${pathOf(message, index)} ${outcome} ${how}: ${text}` +
      (providerId === undefined ? '' : ` (provider's id ${providerId})`),
  }));
}

function settled(message: Message, one: HistoryEntry['recipients'][number]): Happening {
  const { index, outcome, reason, text, atMs } = one;
  return { atMs, text: `${pathOf(message, index)} settled as ${outcome} (${reason}): ${text}` };
}

function pathOf({ envelope }: Message, index: number): string {
  return address(envelope.recipients[index]?.forwardPath ?? '?');
}
