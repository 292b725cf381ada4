import { unreachable } from '../lib/assert.ts';
import type { HistoryEvent } from '../relay/history-event.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { Message } from '../relay/message.ts';
import type { AttemptRecord, HistoryEntry } from '../relay/queue.ts';

/** One thing that happened to a message. */
export interface Happened {
  readonly atMs: number;
  /**
   * `accepted`, an outcome, `held`, `released`, `rerouted`, `notified`, `put back`, `completed`;
   * `provider: ` and what it said later.
   */
  readonly what: string;
  /** Forward-path; null: the message as a whole. */
  readonly recipient: string | null;
  readonly account: string | null;
  /** Reply, cause or reason as one line; '' when there is nothing to add. */
  readonly text: string;
  readonly providerId?: string;
}

/** All that is known of one message, in the order in which it happened. */
export function timeline({ queued, history }: LogEntry): Happened[] {
  const message = history?.message ?? queued?.message;
  if (message === undefined) return [];
  const all = [accepted(message), ...(history === null ? [] : pastOf(message, history))];
  // Sorting is stable: what has the same instant stays in the order of cause and effect.
  return all.sort((a, b) => a.atMs - b.atMs);
}

function accepted({ acceptedAtMs, client, bytes }: Message): Happened {
  const text = `from ${client}, ${bytes} bytes`;
  return { atMs: acceptedAtMs, what: 'accepted', recipient: null, account: null, text };
}

function pastOf(message: Message, history: HistoryEntry): Happened[] {
  const { attempts, recipients, events = [], settledAtMs } = history;
  const tried = attempts.flatMap((attempt) => triedOf(message, attempt));
  const ended = recipients
    // What an attempt says already is not said twice.
    .filter(({ index, outcome, text }) => {
      const said = attempts.flatMap(({ results }) => results);
      return !said.some(
        (one) => one.index === index && one.outcome === outcome && one.text === text,
      );
    })
    .map(({ index, outcome, text, atMs, account = null }) => {
      return { atMs, what: outcome, recipient: pathOf(message, index), account, text };
    });
  return [
    ...tried,
    ...events.map((event) => happenedOf(message, event)),
    ...ended,
    ...(settledAtMs === null ? [] : [completed(settledAtMs, [...tried, ...ended])]),
  ];
}

/** Instants of attempts are sums of rounded ones: nothing completes a message after its end. */
function completed(settledAtMs: number, before: readonly Happened[]): Happened {
  const atMs = Math.max(settledAtMs, ...before.map((one) => one.atMs));
  return { atMs, what: 'completed', recipient: null, account: null, text: '' };
}

function triedOf(message: Message, attempt: AttemptRecord): Happened[] {
  const { account, startedAtMs, tookMs, results, stopped = '' } = attempt;
  const atMs = startedAtMs + tookMs;
  if (results.length === 0) {
    return [{ atMs, what: 'put back', recipient: null, account, text: stopped }];
  }
  return results.map(({ index, outcome, text, providerId }) => ({
    atMs,
    what: outcome,
    recipient: pathOf(message, index),
    account,
    text,
    ...(providerId === undefined ? {} : { providerId }),
  }));
}

function happenedOf(message: Message, event: HistoryEvent): Happened {
  const { atMs, is: what } = event;
  const none = { atMs, what, recipient: null, account: null };
  switch (event.is) {
    case 'held':
    case 'released':
      return { ...none, recipient: pathOf(message, event.index), text: event.text };
    case 'rerouted': {
      const text = `from ${event.from ?? 'no account'} to ${event.to ?? 'no account'}`;
      return { ...none, recipient: pathOf(message, event.index), account: event.to, text };
    }
    case 'notified':
      return { ...none, text: `the sender was told by message ${event.id}` };
    case 'feedback': {
      const { index, kind, provider, account, text } = event;
      const told = text === '' ? `says ${provider}` : `says ${provider}: ${text}`;
      const recipient = pathOf(message, index);
      return { ...none, what: `provider: ${kind}`, recipient, account, text: told };
    }
    default:
      return unreachable(event);
  }
}

function pathOf({ envelope }: Message, index: number | null): string | null {
  return index === null ? null : (envelope.recipients[index]?.forwardPath ?? '?');
}
