import { type Command, Option } from 'commander';
import type { StatsReport } from '../control/reports.ts';
import { formatAge } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { STATS_KEYS, type StatsKey, type StatsRow } from '../policy/sending-stats.ts';
import { usage } from './account-table.ts';
import { readDuration, readKeys } from './argument-readers.ts';
import { annotate, type Context, onAction } from './command.ts';
import { type Column, table } from './table.ts';
import { address, instant } from './words.ts';

const weekMs = 7 * 86_400_000;

/** `relayctl stats` */
export function addStats(program: Command, context: Context): void {
  const stats = program
    .command('stats')
    .description('what was sent: accepted, delivered, bounced, deferred, and how long it took')
    .option(
      '--by <keys>',
      `rows by ${STATS_KEYS.join(', ')}; several with commas`,
      readKeys(STATS_KEYS),
      ['account'],
    )
    .addOption(
      new Option('--since <duration>', 'mail accepted less long ago than this')
        .argParser(readDuration)
        .default(weekMs, '7d'),
    );
  annotate(stats, {
    examples: [
      ['stats', 'The last seven days by account.'],
      ['stats --by day,client --since 30d', 'As far back as queue.history reaches.'],
    ],
    json:
      '{sinceMs, rows: {group, accepted, delivered, bounced, deferred, complained: number | null, ' +
      'latencyMs: {p50, p95} | null}[], quotas: {ACCOUNT: {rate, used}[]}, merged, complete}',
  });
  onAction(stats, context, async ({ ask, io, options, print }) => {
    const by = options.by as readonly StatsKey[];
    const sinceMs = Math.max(0, io.nowMs() - Number(options.since));
    const report = await ask('stats', { by, sinceMs });
    print(report, () => renderStats(report, by, io.columns));
    return EX_OK;
  });
}

function renderStats(report: StatsReport, by: readonly StatsKey[], columns: number): string {
  const since = `since ${instant(report.sinceMs)}`;
  if (report.rows.length === 0) return `Nothing was accepted ${since}.\n`;
  const head: Column[] = [
    ...by.map((key) => ({ title: key.toUpperCase(), shrinkTo: 12 })),
    ...COUNTS.map(([title]) => ({ title, align: 'right' as const })),
    ...(by.includes('account') ? [{ title: 'USED NOW' }] : []),
  ];
  const used = (account: string | null | undefined) => usage(report.quotas[account ?? ''] ?? []);
  const rows = report.rows.map((row) => [
    ...by.map((key) => keyText(key, row.group[key] ?? null)),
    ...COUNTS.map(([, text]) => text(row)),
    ...(by.includes('account') ? [used(row.group.account)] : []),
  ]);
  const unknown = report.rows.some(({ complained }) => complained === null)
    ? 'Complained is not known: that needs feedback.listen, see docs/feedback.md.\n'
    : '';
  const merged = report.merged ? 'There are more groups: the last row is all the others.\n' : '';
  const cut = report.complete
    ? ''
    : 'There is more mail than is read at once: ask for less time.\n';
  return `Recipients of mail accepted ${since}\n${table(head, rows, columns)}${unknown}${merged}${cut}`;
}

const COUNTS: readonly (readonly [title: string, text: (row: StatsRow) => string])[] = [
  ['ACCEPTED', ({ accepted }) => String(accepted)],
  ['DELIVERED', ({ delivered }) => String(delivered)],
  ['BOUNCED', ({ bounced }) => String(bounced)],
  ['DEFERRED', ({ deferred }) => String(deferred)],
  ['COMPLAINED', ({ complained }) => (complained === null ? '-' : String(complained))],
  ['P50', ({ latencyMs }) => latencyText(latencyMs?.p50)],
  ['P95', ({ latencyMs }) => latencyText(latencyMs?.p95)],
];

function latencyText(latencyMs: number | undefined): string {
  if (latencyMs === undefined) return '-';
  return latencyMs < 1_000 ? `${latencyMs}ms` : formatAge(latencyMs);
}

function keyText(key: StatsKey, value: string | null): string {
  if (value === null) return '-';
  return key === 'sender' ? address(value) : printable(value);
}
