import type { Command } from 'commander';
import { REASON_CLASSES, type ReasonClass } from '../relay/outcome.ts';
import type { QueueFilter, RecipientState } from '../relay/queue.ts';
import { readDuration, readText, readWords } from './argument-readers.ts';

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
    readWords(REASON_CLASSES, 'reason'),
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
      readWords(RECIPIENT_STATES, 'state'),
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
