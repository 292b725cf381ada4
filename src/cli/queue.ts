import { type Command, Option } from 'commander';
import { queuePageMax } from '../control/wire.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueuePage } from '../relay/queue.ts';
import { QUEUE_SORTS, type QueueSort } from '../relay/queue-views.ts';
import { readCount, readMessageId } from './argument-readers.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { addChangeCommands } from './queue-change.ts';
import { addFilterOptionsWithReason, filterFrom } from './queue-filter.ts';
import type { QueuePrinter } from './queue-list.ts';
import { addShow } from './queue-message.ts';
import { addReroute } from './queue-reroute.ts';
import { addQueueStats } from './queue-stats.ts';

const listedMax = 1_000_000;
const shownByDefault = 50;
/** Every page of such an order reads the whole queue. */
const sortedMax = 10_000;

/** `relayctl queue ...` */
export function addQueue(program: Command, context: Context): void {
  const queue = noun(program, 'queue', 'see and steer the mail that waits');
  addList(queue, context);
  addShow(queue, context);
  addQueueStats(queue, context);
  addChangeCommands(queue, context);
  addReroute(queue, context);
}

function addList(queue: Command, context: Context): void {
  const sort = new Option(
    '--sort <order>',
    'oldest, next due, largest, most often tried, or by account first',
  );
  const list = addFilterOptionsWithReason(queue.command('list'))
    .description('list the mail in the queue, oldest first')
    .addOption(sort.choices(['id', ...QUEUE_SORTS]).default('id'))
    .option(
      '--limit <count>',
      `show at most this many messages (default: ${shownByDefault})`,
      readCount(listedMax),
    )
    .option('--after <id>', 'begin after this message, for the next page', readMessageId)
    .option('--all', 'every message, however many; they are printed as they are read')
    .option('--ids', 'print nothing but message ids, one a line');
  annotate(list, {
    examples: [
      ['queue list', 'What waits, why, and when it is tried next.'],
      ['queue list --account gmail --older 1h', 'What has waited longer than an hour for gmail.'],
      ['queue list --reason quota --sort size', 'The largest of what a quota holds back.'],
      [
        'queue list --state held --ids --all | xargs relayctl queue release',
        'Release all that is held, message by message.',
      ],
    ],
    json:
      '{rows: {message, recipients: {index, state, lane, attempts, dueAtMs, ...}[]}[], ' +
      'next: id | null}; with --ids id[]',
  });
  onAction(list, context, listQueue);
}

/** Page by page: a million messages need no more memory than a thousand. */
async function listQueue(invocation: Invocation): Promise<number> {
  const { io } = invocation;
  const limit = limitOf(invocation);
  let printer: QueuePrinter | null = null;
  let after = (invocation.options.after as MessageId | undefined) ?? null;
  let listed = 0;
  do {
    const page = await readPage(invocation, after, Math.min(limit - listed, queuePageMax));
    printer ??= await printerFor(invocation, page);
    await io.write(page.rows.length === 0 ? '' : printer.page(page.rows));
    listed += page.rows.length;
    after = page.next;
  } while (after !== null && listed < limit);
  await io.write(printer.end(after));
  return EX_OK;
}

function limitOf({ options }: Invocation): number {
  const sorted = options.sort !== 'id' && options.sort !== 'age';
  if (options.all === true) {
    if (options.limit !== undefined) {
      throw new Failure('usage', EX_USAGE, '--all and --limit cannot be combined');
    }
    if (!sorted) return Number.POSITIVE_INFINITY;
  }
  const limit = Number(options.limit ?? shownByDefault);
  if (!sorted || (options.all !== true && limit <= sortedMax)) return limit;
  const text = `--sort ${options.sort} shows the first ${sortedMax} at most; everything comes by id`;
  throw new Failure('usage', EX_USAGE, text);
}

async function readPage(
  { ask, io, options }: Invocation,
  after: MessageId | null,
  limit: number,
): Promise<QueuePage> {
  const filter = filterFrom(options, io.nowMs());
  const sort = options.sort === 'id' ? {} : { sort: options.sort as QueueSort };
  return await ask('queue.list', { filter, ...sort, after, limit });
}

async function printerFor(
  { ask, io, json, options }: Invocation,
  first: QueuePage,
): Promise<QueuePrinter> {
  const { idsPrinter, jsonPrinter, tablePrinter } = await import('./queue-list.ts');
  if (options.ids === true) return idsPrinter(json);
  if (json) return jsonPrinter();
  // An account that is stopped decides when its mail goes, whatever the mail's own next try.
  const going = first.rows.length > 0 ? await ask('account.list', {}) : { accounts: [] };
  return tablePrinter(going, io);
}
