import type { Command } from 'commander';
import type { Answer } from '../control/wire.ts';
import { formatAge } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import {
  QUEUE_AGES_MS,
  QUEUE_GROUP_KEYS,
  type QueueGroup,
  type QueueGroupKey,
} from '../relay/queue-views.ts';
import { readCount, readKeys } from './argument-readers.ts';
import { annotate, type Context, onAction } from './command.ts';
import { addFilterOptionsWithReason, filterFrom } from './queue-filter.ts';
import { type Column, table } from './table.ts';
import { count } from './text.ts';

const shownMax = 10_000;
const shownByDefault = 50;

/** `relayctl queue stats`: what Postfix's qshape shows, and why. */
export function addQueueStats(queue: Command, context: Context): void {
  const stats = addFilterOptionsWithReason(queue.command('stats'))
    .description('count the recipients in the queue by what they have in common, and by age')
    .option(
      '--by <keys>',
      `rows by ${QUEUE_GROUP_KEYS.join(', ')}; several with commas (default: account)`,
      readKeys(QUEUE_GROUP_KEYS),
    )
    .option('--limit <count>', 'show at most this many rows', readCount(shownMax), shownByDefault);
  annotate(stats, {
    examples: [
      ['queue stats', 'By account; the columns are how long ago it was accepted.'],
      ['queue stats --by recipient-domain --account gmail', 'Where the mail of gmail wants to go.'],
      ['queue stats --by account,reason', 'Why mail waits.'],
    ],
    json: '{agesMs: number[], groups: {group: {KEY: string | null}, recipients, ages: number[]}[], merged}',
  });
  onAction(stats, context, async ({ ask, io, options, print }) => {
    const by = (options.by as readonly QueueGroupKey[] | undefined) ?? ['account'];
    const answer = await ask('queue.stats', { filter: filterFrom(options, io.nowMs()), by });
    print(asJson(answer, by), () => render(answer, by, { io, limit: Number(options.limit) }));
    return EX_OK;
  });
}

const total = ({ ages }: QueueGroup): number => ages.reduce((sum, one) => sum + one, 0);

const AGE_TITLES: readonly string[] = [
  ...QUEUE_AGES_MS.map(formatAge),
  `${formatAge(QUEUE_AGES_MS.at(-1) ?? 0)}+`,
];

function asJson({ groups, merged }: Answer<'queue.stats'>, by: readonly QueueGroupKey[]): unknown {
  return {
    agesMs: QUEUE_AGES_MS,
    groups: groups.map((group) => ({
      group: Object.fromEntries(by.map((key, at) => [key, textOf(key, group.values[at] ?? null)])),
      recipients: total(group),
      ages: group.ages,
    })),
    merged,
  };
}

/** The age is the number of its column. */
function textOf(key: QueueGroupKey, value: string | null): string | null {
  return key === 'age' ? (AGE_TITLES[Number(value)] ?? null) : value;
}

function render(
  { groups, merged }: Answer<'queue.stats'>,
  by: readonly QueueGroupKey[],
  { io, limit }: { readonly io: { readonly columns: number }; readonly limit: number },
): string {
  if (groups.length === 0) return 'No mail in the queue matches.\n';
  const withAges = !by.includes('age');
  const numbers = (group: QueueGroup): string[] =>
    [total(group), ...(withAges ? group.ages : [])].map(String);
  const head: Column[] = [
    ...by.map((key) => ({ title: key.toUpperCase(), shrinkTo: 12 })),
    ...['TOTAL', ...(withAges ? AGE_TITLES : [])].map((title) => {
      return { title, align: 'right' as const };
    }),
  ];
  const sum: QueueGroup = {
    values: [],
    ages: AGE_TITLES.map((_, at) => groups.reduce((all, { ages }) => all + (ages[at] ?? 0), 0)),
  };
  const shown = groups.slice(0, limit);
  const rows = [
    [...by.map((_, at) => (at === 0 ? 'all' : '')), ...numbers(sum)],
    ...shown.map((group) => [
      ...by.map((key, at) => printable(textOf(key, group.values[at] ?? null) ?? '-')),
      ...numbers(group),
    ]),
  ];
  const rest = groups.length - shown.length;
  const more = rest === 0 ? '' : `${count(rest, 'more row')} with --limit ${groups.length}\n`;
  const others = merged ? 'There are more groups: the last row is all the others.\n' : '';
  return `Recipients in the queue\n${table(head, rows, io.columns)}${more}${others}`;
}
