import type { Command } from 'commander';
import type { Touched } from '../control/reports.ts';
import { EX_DATAERR, EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { MessageId } from '../relay/message.ts';
import type { Flushed, QueueFilter } from '../relay/queue.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { addFilterOptions, filterFrom, readMessageIds } from './queue-filter.ts';
import { followFlush, showPlan, unlessLeft } from './queue-flush.ts';
import { count, printable } from './text.ts';
import { pauseText } from './words.ts';

/** The commands of `relayctl queue` that change waiting mail. */
export function addChangeCommands(queue: Command, context: Context): void {
  addFlush(queue, context);
  for (const change of CHANGES) addChange(queue, context, change);
}

function addFlush(queue: Command, context: Context): void {
  const flush = addFilterOptions(queue.command('flush'))
    .description('try mail now: clears its waiting time and the pauses of its accounts')
    .argument('[id...]', 'message ids', readMessageIds)
    .option('--include-held', 'also what is held, and accounts that are held')
    .option('--plan', 'only say what would go through which account, and by when')
    .option('--no-wait', 'do not show the progress on a terminal');
  annotate(flush, {
    examples: [
      ['queue flush', 'Try everything that waits.'],
      ['queue flush 1n8f3k2x0q4', 'Try one message.'],
      ['queue flush --plan', 'What would go, how fast, what comes too late.'],
      ['queue flush --account gmail --include-held', 'After its password was mended.'],
    ],
    json: '{recipients, messages, accountsResumed: string[], lanes: string[]}',
  });
  onAction(flush, context, async (invocation) => {
    const includeHeld = invocation.options.includeHeld === true;
    const wanted = filters(invocation);
    if (invocation.options.plan === true) return await showPlan(invocation, wanted, includeHeld);
    const parts = await unlessLeft(invocation, () =>
      each(wanted, (filter) => invocation.ask('queue.flush', { filter, includeHeld })),
    );
    if (parts === null) return EX_OK;
    const flushed = {
      ...sum(parts),
      accountsResumed: [...new Set(parts.flatMap(({ accountsResumed }) => accountsResumed))],
      lanes: [...new Set(parts.flatMap(({ lanes }) => lanes))],
    };
    invocation.print(flushed, () => flushedText(flushed, includeHeld) + pauseText(parts[0]?.pause));
    const [only] = parts;
    if (only !== undefined && parts.length === 1) await followFlush(invocation, only);
    return allFound(wanted, parts);
  });
}

/** What a flush or a resumed account set in motion, in one or two sentences. */
export function flushedText(flushed: Flushed, includeHeld: boolean): string {
  const names = (list: readonly string[]): string => list.map(printable).join(', ');
  const resumed =
    flushed.accountsResumed.length === 0
      ? ''
      : `Working again: ${names(flushed.accountsResumed)}.\n`;
  if (flushed.recipients === 0) {
    const hint = includeHeld ? '' : ' What is held moves only with --include-held.';
    return `${resumed}Nothing was waiting.${hint}\n`;
  }
  const lanes = flushed.lanes.length === 0 ? '' : ` through ${names(flushed.lanes)}`;
  return (
    `${resumed}Set in motion: ${count(flushed.recipients, 'recipient')} of ` +
    `${count(flushed.messages, 'message')}${lanes}.\n`
  );
}

interface Change {
  readonly verb: 'hold' | 'release' | 'remove' | 'bounce';
  readonly description: string;
  readonly done: string;
  /** Reason when --reason is not given; null when the command has none. */
  readonly reason: string | null;
  readonly example: readonly [string, string];
}

const CHANGES: readonly Change[] = [
  {
    verb: 'hold',
    description: 'stop mail until it is released',
    done: 'Held',
    reason: 'held by an operator',
    example: ['queue hold --sender @staging.example', 'Stop what a staging system sent.'],
  },
  {
    verb: 'release',
    description: 'let held mail go',
    done: 'Released',
    reason: null,
    example: ['queue release 1n8f3k2x0q4', 'Let one message go, at once.'],
  },
  {
    verb: 'remove',
    description: 'delete mail without telling anybody',
    done: 'Removed',
    reason: null,
    example: ['queue remove --client cron --older 2d', 'Delete old mail of cron.'],
  },
  {
    verb: 'bounce',
    description: 'give mail up and tell its sender',
    done: 'Bounced',
    reason: 'given up by the postmaster',
    example: [
      'queue bounce --recipient @gone.example --reason "the domain is gone"',
      'With a DSN.',
    ],
  },
];

function addChange(queue: Command, context: Context, change: Change): void {
  const command = addFilterOptions(queue.command(change.verb))
    .description(change.description)
    .argument('[id...]', 'message ids', readMessageIds)
    .option('--all', 'the whole queue, when nothing else chooses');
  if (change.reason !== null) {
    command.option('--reason <text>', 'why, as the queue and the history show it', change.reason);
  }
  annotate(command, { examples: [change.example], json: '{recipients, messages}' });
  onAction(command, context, async (invocation) => {
    const wanted = chosen(invocation, change);
    const parts = await each(wanted, (filter) => askChange(invocation, change, filter));
    const touched = sum(parts);
    invocation.print(touched, () =>
      touched.recipients === 0
        ? 'No mail in the queue matches.\n'
        : `${change.done}: ${count(touched.recipients, 'recipient')} of ` +
          `${count(touched.messages, 'message')}.\n`,
    );
    return allFound(wanted, parts);
  });
}

function askChange(
  { ask, options }: Invocation,
  { verb }: Change,
  filter: QueueFilter,
): Promise<Touched> {
  if (verb === 'release' || verb === 'remove') return ask(`queue.${verb}`, { filter });
  return ask(`queue.${verb}`, { filter, reason: String(options.reason) });
}

/** Everything at once only when it is said: a slip must not empty the queue. */
function chosen(invocation: Invocation, { verb }: Change): QueueFilter[] {
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

/** One filter per message id, else one for all. */
function filters({ args, options, io }: Invocation): QueueFilter[] {
  const ids = (args[0] as readonly MessageId[] | undefined) ?? [];
  const filter = filterFrom(options, io.nowMs());
  return ids.length === 0 ? [filter] : ids.map((id) => ({ ...filter, id }));
}

/** One after the other: a daemon under load is not asked for a thousand things at once. */
async function each<Part>(
  wanted: readonly QueueFilter[],
  work: (filter: QueueFilter) => Promise<Part>,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const filter of wanted) parts.push(await work(filter));
  return parts;
}

/**
 * An id that names nothing is a mistake, or the message has left meanwhile; the others are done all
 * the same.
 */
function allFound(wanted: readonly QueueFilter[], parts: readonly Touched[]): number {
  const missed = wanted.flatMap(({ id }, at) => (parts[at]?.recipients === 0 && id ? [id] : []));
  if (missed.length === 0) return EX_OK;
  const text = `nothing in the queue to do this to: ${missed.join(', ')}; see relayctl queue show`;
  throw new Failure('not-found', EX_DATAERR, text);
}

function sum(parts: readonly Touched[]): Touched {
  const total = (key: keyof Touched): number => parts.reduce((all, part) => all + part[key], 0);
  return { recipients: total('recipients'), messages: total('messages') };
}
