import type { Command } from 'commander';
import type { Touched } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { QueueVerb } from '../policy/queue-verbs.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueueFilter } from '../relay/queue.ts';
import type { QueueCount } from '../relay/queue-views.ts';
import type { Invocation } from './command.ts';
import { Failure } from './failure.ts';
import { filterFrom } from './queue-filter.ts';
import { table } from './table.ts';
import { count } from './text.ts';

/** More than this is asked about first. */
export const touchedMax = 100;

/** What --json prints with --dry-run. */
export const dryRunJson =
  'with --dry-run {dryRun, recipients, messages, lanes: {lane, recipients, messages}[]}';

/** The options of every command that changes mail in the queue. */
export function addTouchOptions(command: Command): Command {
  return command
    .option('--dry-run', 'only say how much would be touched, by account')
    .option('--yes', `do not ask when more than ${touchedMax} messages are touched`);
}

/** One filter per message id, else one for all. */
export function filters({ args, options, io }: Invocation): QueueFilter[] {
  const ids = (args[0] as readonly MessageId[] | undefined) ?? [];
  const filter = filterFrom(options, io.nowMs());
  return ids.length === 0 ? [filter] : ids.map((id) => ({ ...filter, id }));
}

/** Everything at once only when it is said: a slip must not empty the queue. */
export function chosenFilters(invocation: Invocation, verb: string): QueueFilter[] {
  const list = filters(invocation);
  const everything = list.some((filter) => Object.keys(filter).length === 0);
  if (everything && invocation.options.all !== true) {
    const text = `queue ${verb} needs message ids or a filter such as --account; --all for the whole queue`;
    throw new Failure('usage', EX_USAGE, text);
  }
  if (!everything && invocation.options.all === true) {
    throw new Failure('usage', EX_USAGE, '--all cannot be combined with message ids or filters');
  }
  return list;
}

/** One after the other: a daemon under load is not asked for a thousand things at once. */
export async function each<T>(
  wanted: readonly QueueFilter[],
  work: (filter: QueueFilter) => Promise<T>,
): Promise<T[]> {
  const parts: T[] = [];
  for (const filter of wanted) parts.push(await work(filter));
  return parts;
}

export function sum(parts: readonly Touched[]): Touched {
  const total = (key: keyof Touched): number => parts.reduce((all, part) => all + part[key], 0);
  return { recipients: total('recipients'), messages: total('messages') };
}

/**
 * An id that names nothing is a mistake, or the message has left meanwhile; the others are done all
 * the same.
 */
export function allFound(wanted: readonly QueueFilter[], parts: readonly Touched[]): number {
  const missed = wanted.flatMap(({ id }, at) => (parts[at]?.recipients === 0 && id ? [id] : []));
  if (missed.length === 0) return EX_OK;
  const text = `nothing in the queue to do this to: ${missed.join(', ')}; see relayctl queue show`;
  throw new Failure('not-found', EX_DATAERR, text);
}

export interface Touch {
  readonly verb: QueueVerb;
  readonly includeHeld: boolean;
  readonly wanted: readonly QueueFilter[];
}

/**
 * Whether to go on: false after --dry-run, which has printed its numbers, and when the answer to
 * the question was no.
 */
export async function mayTouch(invocation: Invocation, touch: Touch): Promise<boolean> {
  const { ask, options, print } = invocation;
  const { verb, includeHeld, wanted } = touch;
  if (options.dryRun !== true && (fewNamed(wanted) || options.yes === true)) return true;
  const counted = merge(
    await each(wanted, (filter) => ask('queue.count', { filter, verb, includeHeld })),
  );
  if (options.dryRun === true) {
    print({ dryRun: true, ...counted }, () => dryRunText(counted, verb));
    return false;
  }
  const what = `${count(counted.messages, 'message')} (${byAccount(counted)})`;
  return await confirmed(invocation, counted.messages, `${verb} ${what}?`);
}

/** So few messages, each by its id, that nothing has to be counted before they are touched. */
export function fewNamed(wanted: readonly QueueFilter[]): boolean {
  return wanted.length <= touchedMax && wanted.every(({ id }) => id !== undefined);
}

/** Asks when there is much; without a terminal nobody can answer, and --yes has to say it. */
export async function confirmed(
  { io, options, json, print }: Invocation,
  messages: number,
  question: string,
): Promise<boolean> {
  if (messages <= touchedMax || options.yes === true) return true;
  const answer = json ? null : await io.confirm(question);
  if (answer === null) {
    const text =
      `this touches ${messages} messages: repeat it with --yes to do so, ` +
      'or with --dry-run to see whose they are';
    throw new Failure('unconfirmed', EX_USAGE, text);
  }
  if (!answer) print({ recipients: 0, messages: 0 }, () => 'Nothing was changed.\n');
  return answer;
}

function merge(parts: readonly QueueCount[]): QueueCount {
  const lanes = Map.groupBy(
    parts.flatMap((part) => part.lanes),
    ({ lane }) => lane,
  );
  return { ...sum(parts), lanes: [...lanes].map(([lane, some]) => ({ lane, ...sum(some) })) };
}

const accountText = (lane: string | null): string =>
  lane === null ? 'no account' : printable(lane);

function byAccount({ lanes }: QueueCount): string {
  return lanes.map(({ lane, messages }) => `${accountText(lane)} ${messages}`).join(', ');
}

function dryRunText(counted: QueueCount, verb: string): string {
  if (counted.recipients === 0) return 'No mail in the queue matches.\n';
  const head = [
    { title: 'ACCOUNT' },
    { title: 'MESSAGES', align: 'right' as const },
    { title: 'RECIPIENTS', align: 'right' as const },
  ];
  const rows = counted.lanes.map(({ lane, messages, recipients }) => [
    accountText(lane),
    String(messages),
    String(recipients),
  ]);
  return (
    `${table(head, rows, Number.POSITIVE_INFINITY)}\n` +
    `queue ${verb} would touch ${count(counted.recipients, 'recipient')} of ` +
    `${count(counted.messages, 'message')}; nothing was changed.\n`
  );
}
