import type { Command } from 'commander';
import type { Touched } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { Flushed, QueueFilter } from '../relay/queue.ts';
import { readMessageIds } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { addFilterOptions, addFilterOptionsWithReason } from './queue-filter.ts';
import { followFlush, showPlan, unlessLeft } from './queue-flush.ts';
import {
  addTouchOptions,
  allFound,
  chosenFilters,
  dryRunJson,
  each,
  filters,
  mayTouch,
  sum,
} from './queue-touch.ts';
import { count } from './text.ts';
import { pauseText } from './words.ts';

/** The commands of `relayctl queue` that change waiting mail. */
export function addChangeCommands(queue: Command, context: Context): void {
  addFlush(queue, context);
  for (const change of CHANGES) addChange(queue, context, change);
}

function addFlush(queue: Command, context: Context): void {
  const flush = addTouchOptions(addFilterOptionsWithReason(queue.command('flush')))
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
    json:
      '{recipients, messages, accountsResumed: string[], lanes: string[]}; with --plan ' +
      `{nowMs, lanes[], pause}; ${dryRunJson}`,
  });
  onAction(flush, context, async (invocation) => {
    const includeHeld = invocation.options.includeHeld === true;
    const wanted = filters(invocation);
    if (invocation.options.plan === true) return await showPlan(invocation, wanted, includeHeld);
    if (!(await mayTouch(invocation, { verb: 'flush', includeHeld, wanted }))) return EX_OK;
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
  // Where --reason is why the operator does it, it cannot choose mail as well.
  const withFilter = change.reason === null ? addFilterOptionsWithReason : addFilterOptions;
  const command = addTouchOptions(withFilter(queue.command(change.verb)))
    .description(change.description)
    .argument('[id...]', 'message ids', readMessageIds)
    .option('--all', 'the whole queue, when nothing else chooses');
  if (change.reason !== null) {
    command.option('--reason <text>', 'why, as the queue and the history show it', change.reason);
  }
  annotate(command, { examples: [change.example], json: `{recipients, messages}; ${dryRunJson}` });
  onAction(command, context, async (invocation) => {
    const wanted = chosenFilters(invocation, change.verb);
    const touch = { verb: change.verb, includeHeld: false, wanted };
    if (!(await mayTouch(invocation, touch))) return EX_OK;
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
