import { type Command, InvalidArgumentError } from 'commander';
import { logPageMax } from '../control/wire.ts';
import { parseDuration } from '../lib/duration.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { LogEntry, LogPage, LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import { readCount, readMessageId } from './argument-readers.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { count } from './text.ts';

const foundMax = 10_000;

/** `relayctl log ...` */
export function addLog(program: Command, context: Context): void {
  const log = noun(program, 'log', 'look for messages, also those that have left the queue');
  const search = log
    .command('search')
    .description('everything that happened to a message, from accepted to settled, newest first')
    .argument('[id]', 'message id', readMessageId)
    .option('--message-id <field>', 'the Message-ID field, with or without <>')
    .option('--sender <address>', 'reverse-path or From, or @domain; <> for notifications')
    .option('--recipient <address>', 'a recipient, or @domain')
    .option('--account <name>', 'tried with this account, or waits for it')
    .option('--client <name>', 'submitted by this client')
    .option('--provider-id <id>', 'what the provider called it in its last reply')
    .option(
      '--since <when>',
      'accepted at or after: 2h (ago), 2026-11-21, 2026-11-21T14:00Z',
      readWhen,
    )
    .option('--until <when>', 'accepted before; written as --since', readWhen)
    .option('--before <id>', 'older than this message, for the next page', readMessageId)
    .option('--limit <count>', 'show at most this many messages', readCount(foundMax), 20);
  annotate(search, {
    examples: [
      ['log search 1n8f3k2x0q4', 'One message.'],
      ['log search --recipient kim@example.net --since 2d', 'What became of mail to someone.'],
      ['log search --provider-id 0100018f3a', 'Which message a provider speaks of.'],
      [
        'log search --account gmail --until 2026-11-01 --limit 5',
        'As far as queue.history reaches.',
      ],
    ],
    json:
      '{entries: {queued, history, events: {atMs, what, recipient, account, text, providerId?}[]}[], ' +
      'next: id | null, unindexed}',
  });
  onAction(search, context, searchLog);
}

async function searchLog(invocation: Invocation): Promise<number> {
  const { io, options, print } = invocation;
  const page = await readPages(invocation, queryFrom(invocation, io.nowMs()));
  const [{ timeline }, { logText }] = await Promise.all([
    import('../policy/timeline.ts'),
    import('./log-text.ts'),
  ]);
  const entries = page.entries.map((entry) => ({ ...entry, events: timeline(entry) }));
  print({ ...page, entries }, () => {
    const found = page.entries.map((entry) => logText(entry, io.nowMs())).join('\n');
    return (found === '' ? 'Nothing was found.\n' : found) + remarks(page, Number(options.limit));
  });
  return EX_OK;
}

function remarks({ entries, next, unindexed }: LogPage, limit: number): string {
  const more =
    next !== null && entries.length >= limit
      ? `\nThere is more: add --limit, or --before ${next}.\n`
      : '';
  const missing =
    unindexed === 0
      ? ''
      : `\n${count(unindexed, 'older message')} of the history not indexed yet: ask again later.\n`;
  return more + missing;
}

async function readPages({ ask, options }: Invocation, query: LogQuery): Promise<LogPage> {
  const wanted = Number(options.limit);
  const entries: LogEntry[] = [];
  let before = (options.before as MessageId | undefined) ?? null;
  let unindexed = 0;
  do {
    const limit = Math.min(wanted - entries.length, logPageMax);
    const page: LogPage = await ask('log.search', { query, before, limit });
    entries.push(...page.entries);
    ({ next: before, unindexed } = page);
  } while (before !== null && entries.length < wanted);
  return { entries, next: before, unindexed };
}

function queryFrom({ args, options }: Invocation, nowMs: number): LogQuery {
  const at = (key: string): number | undefined => (options[key] as When | undefined)?.(nowMs);
  const query = {
    id: args[0],
    messageIdField: options.messageId,
    sender: options.sender,
    recipient: options.recipient,
    account: options.account,
    client: options.client,
    providerId: options.providerId,
    sinceMs: at('since'),
    untilMs: at('until'),
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}

type When = (nowMs: number) => number;

/** For commander: an instant, or how long ago it is. A date without a time begins at 00:00 UTC. */
function readWhen(text: string): When {
  const agoMs = parseDuration(text);
  if (agoMs !== null) return (nowMs) => Math.max(0, nowMs - agoMs);
  const form = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/;
  // Without a zone it is UTC, as all times that relayctl prints.
  const full = /[T ]\d\d:\d\d(?::\d\d)?$/.test(text) ? `${text}Z` : text;
  const atMs = form.test(text) ? Date.parse(full.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new InvalidArgumentError('Write 2h (ago), 2026-11-21 or 2026-11-21T14:00Z.');
  }
  return () => Math.max(0, atMs);
}
