import { type Command, InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { fromEximId } from '../relay/exim-id.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import { REASON_CLASSES, type ReasonClass } from '../relay/outcome.ts';
import type { QueueFilter, RecipientState } from '../relay/queue.ts';

export const RECIPIENT_STATES: readonly RecipientState[] = [
  'waiting',
  'leased',
  'in-doubt',
  'held',
  'quarantined',
];

/** The same with the class of the last reply or cause, where --reason is not the verb's own. */
export function addFilterOptionsWithReason(command: Command): Command {
  return addFilterOptions(command).option(
    '--reason <class>',
    'why it waits, for example quota or network; may be repeated',
    readReason,
  );
}

/** The options that choose mail in the queue, the same for every command. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--account <name>', 'mail that waits for this account', readText)
    .option('--client <name>', 'mail that this client submitted', readText)
    .option('--sender <address>', 'this reverse-path, or @domain; <> for the null one', readText)
    .option('--recipient <address>', 'this recipient, or @domain', readText)
    .option(
      '--state <state>',
      `waiting, leased (being sent), in-doubt, held or quarantined; may be repeated`,
      readState,
    )
    .option('--older <duration>', 'accepted longer ago than this, for example 2h', readDuration)
    .option('--newer <duration>', 'accepted less long ago than this', readDuration);
}

/** The conditions given on the command line; ages become instants. */
export function filterFrom(options: Readonly<Record<string, unknown>>, nowMs: number): QueueFilter {
  const text = (key: string): string | undefined => options[key] as string | undefined;
  const before = (key: string): number | undefined =>
    typeof options[key] === 'number' ? Math.max(0, nowMs - options[key]) : undefined;
  const filter = {
    account: text('account'),
    client: text('client'),
    sender: text('sender') === '<>' ? '' : text('sender'),
    recipient: text('recipient'),
    states: options.state as readonly RecipientState[] | undefined,
    reasons: Array.isArray(options.reason) ? (options.reason as ReasonClass[]) : undefined,
    olderThanMs: before('older'),
    newerThanMs: before('newer'),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** For commander: one id of the queue, also as the Exim log writes it. */
export function readMessageId(text: string): MessageId {
  const id = fromEximId(text);
  if (id !== null) return id;
  if (messageIdToNumber(text) === null) {
    throw new InvalidArgumentError('A message id has 11 letters and digits, as queue list shows.');
  }
  return text.toLowerCase() as MessageId;
}

/** For commander: any number of ids. */
export function readMessageIds(text: string, previous: readonly MessageId[] = []): MessageId[] {
  return [...previous, readMessageId(text)];
}

/** For commander: a duration in milliseconds. */
export function readDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    throw new InvalidArgumentError(
      `A duration is written like ${formatDuration(5_400_000)} or 3d.`,
    );
  }
  return durationMs;
}

/** For commander: how long something is to last. */
export function readSpan(text: string): number {
  const durationMs = readDuration(text);
  if (durationMs === 0) throw new InvalidArgumentError('It must be longer than nothing.');
  return durationMs;
}

/** For commander: a number from 1 to `max`. */
export function readCount(max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > max) {
      throw new InvalidArgumentError(`It must be a number from 1 to ${max}.`);
    }
    return value;
  };
}

/** A variable of a script that is empty must not choose what nobody meant. */
function readText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

function readState(text: string, previous: readonly RecipientState[] = []): RecipientState[] {
  const words = text.split(',');
  const unknown = words.find((word) => !RECIPIENT_STATES.some((state) => state === word));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`The states are ${RECIPIENT_STATES.join(', ')}.`);
  }
  return [...previous, ...(words as RecipientState[])];
}

function readReason(text: string, previous: readonly ReasonClass[] = []): ReasonClass[] {
  const words = text.split(',');
  const unknown = words.find((word) => !REASON_CLASSES.some((reason) => reason === word));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`The reasons are ${REASON_CLASSES.join(', ')}.`);
  }
  return [...previous, ...(words as ReasonClass[])];
}
