import type { Command } from 'commander';
import { queuePageMax } from '../control/wire.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { MessageId } from '../relay/message.ts';
import type { QueueFilter, QueueRow } from '../relay/queue.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { addChangeCommands } from './queue-change.ts';
import { addFilterOptions, filterFrom, readCount, readMessageId } from './queue-filter.ts';

const listedMax = 1_000_000;

/** `relayctl queue ...` */
export function addQueue(program: Command, context: Context): void {
  const queue = noun(program, 'queue', 'see and steer the mail that waits');
  addList(queue, context);
  addShow(queue, context);
  addChangeCommands(queue, context);
}

function addList(queue: Command, context: Context): void {
  const list = addFilterOptions(queue.command('list'))
    .description('list the mail in the queue, oldest first')
    .option('--limit <count>', 'show at most this many messages', readCount(listedMax), 50)
    .option('--after <id>', 'begin after this message, for the next page', readMessageId)
    .option('--ids', 'print nothing but message ids, one a line');
  annotate(list, {
    examples: [
      ['queue list', 'What waits, why, and when it is tried next.'],
      ['queue list --account gmail --older 1h', 'What has waited longer than an hour for gmail.'],
      [
        'queue list --state held --ids | xargs relayctl queue release',
        'Release all that is held, message by message.',
      ],
    ],
    json: '{rows: {message, recipients: {index, state, lane, attempts, dueAtMs, ...}[]}[], next: id | null}',
  });
  onAction(list, context, listQueue);
}

async function listQueue(invocation: Invocation): Promise<number> {
  const { ask, io, options } = invocation;
  const page = await readPages(invocation, filterFrom(options, io.nowMs()));
  if (options.ids === true) {
    const ids = page.rows.map(({ message }) => message.id);
    invocation.print(ids, () => ids.map((id) => `${id}\n`).join(''));
    return EX_OK;
  }
  // An account that is stopped decides when its mail goes, whatever the mail's own next try.
  const { accounts } = page.rows.length > 0 ? await ask('account.list', {}) : { accounts: [] };
  const { renderQueue } = await import('./queue-list.ts');
  invocation.print(page, () => renderQueue(page, accounts, io));
  return EX_OK;
}

async function readPages(
  { ask, options }: Invocation,
  filter: QueueFilter,
): Promise<{ rows: QueueRow[]; next: MessageId | null }> {
  const rows: QueueRow[] = [];
  let after = (options.after as MessageId | undefined) ?? null;
  do {
    const limit = Math.min(Number(options.limit) - rows.length, queuePageMax);
    const page = await ask('queue.list', { filter, after, limit });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== null && rows.length < Number(options.limit));
  return { rows, next: after };
}

function addShow(queue: Command, context: Context): void {
  const show = queue
    .command('show')
    .description('show one message: where each recipient stands, every attempt, and why it waits')
    .argument('<id>', 'message id', readMessageId);
  annotate(show, {
    examples: [['queue show 1n8f3k2x0q4', 'Also for messages that have left the queue.']],
    json: '{queued: {message, recipients} | null, history: {message, recipients, attempts, ...} | null}',
  });
  onAction(show, context, async (invocation) => {
    const { args, ask, io, print } = invocation;
    const report = await ask('queue.show', { id: args[0] as MessageId });
    const blocked = report.queued?.recipients.some(({ lane }) => lane !== null) ?? false;
    const { accounts } = blocked ? await ask('account.list', {}) : { accounts: [] };
    const { renderMessage } = await import('./queue-show.ts');
    print(report, () => renderMessage(report, accounts, io.nowMs()));
    return EX_OK;
  });
}
