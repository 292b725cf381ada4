import type { Command } from 'commander';
import type { AlertDestinationReport, AlertsReport } from '../control/alert-wire.ts';
import { formatDuration } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_UNAVAILABLE } from '../lib/sysexits.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { table } from './table.ts';
import { count } from './text.ts';
import { age, until } from './words.ts';

/** `relayctl alert ...`: who is told of trouble, and whether it works. */
export function addAlert(program: Command, context: Context): void {
  const alert = noun(program, 'alert', 'who is told of trouble: webhooks, commands, heartbeat');
  addList(alert, context);
  addTest(alert, context);
}

function addList(alert: Command, context: Context): void {
  const list = alert
    .command('list')
    .description('show whom the relay tells of events, the last try and what waits');
  annotate(list, {
    examples: [['alert list', 'Whether everybody could be told.']],
    json:
      '{destinations: {name, address, events, waiting, nextAtMs, lost, last: {atMs, ok, detail} | null}[], ' +
      'heartbeat: {url, everyMs} | null, summary: {to, atMs, zone} | null}',
  });
  onAction(list, context, async ({ ask, io, print }) => {
    const answer = await ask('alert.list', {});
    print(answer, () => listText(answer, io.columns, io.nowMs()));
    return EX_OK;
  });
}

function listText(report: AlertsReport, columns: number, nowMs: number): string {
  const { destinations, heartbeat, summary } = report;
  const rest = [
    heartbeat === null
      ? 'no heartbeat'
      : `heartbeat every ${formatDuration(heartbeat.everyMs)} to ${printable(heartbeat.url)}`,
    summary === null ? 'no daily summary' : `a daily summary to ${printable(summary.to)}`,
  ].join(', ');
  const none = 'No webhooks and no commands: see notifications in relay.yaml.\n';
  const told = destinations.length === 0 ? none : destinationTable(destinations, columns, nowMs);
  return `${told}${rest}\n`;
}

function destinationTable(
  destinations: readonly AlertDestinationReport[],
  columns: number,
  nowMs: number,
): string {
  const head = [
    { title: 'TO' },
    { title: 'ADDRESS', shrinkTo: 20 },
    { title: 'EVENTS', shrinkTo: 12 },
    { title: 'WAITING', align: 'right' as const },
    { title: 'NEXT' },
    { title: 'LAST', shrinkTo: 16 },
  ];
  const cells = destinations.map(({ name, address, events, waiting, nextAtMs, last }) => [
    name,
    printable(address),
    events.join(','),
    String(waiting),
    nextAtMs === null ? '-' : until(nextAtMs, nowMs),
    last === null ? 'never' : `${age(last.atMs, nowMs)} ago: ${printable(last.detail)}`,
  ]);
  const lost = destinations.reduce((sum, one) => sum + one.lost, 0);
  const note = lost === 0 ? '' : `${count(lost, 'event')} could not be told and were given up.\n`;
  return table(head, cells, columns) + note;
}

function addTest(alert: Command, context: Context): void {
  const test = alert
    .command('test')
    .description('tell webhooks and commands of an event that has not happened')
    .option('--to <name>', 'this one only, as alert list shows it, for example webhook1');
  annotate(test, {
    examples: [
      ['alert test --to webhook1', 'What its server answers. Exit code 69 when it fails.'],
    ],
    json: '{results: {name, ok, detail}[]}',
  });
  onAction(test, context, async ({ ask, options, print }) => {
    const to = typeof options.to === 'string' ? options.to : null;
    const answer = await ask('alert.test', { to });
    const { results } = answer;
    print(answer, () =>
      results.length === 0
        ? 'No webhooks and no commands: see notifications in relay.yaml.\n'
        : results
            .map(
              ({ name, ok, detail }) => `${name}: ${ok ? 'ok' : 'failed'}, ${printable(detail)}\n`,
            )
            .join(''),
    );
    return results.every(({ ok }) => ok) ? EX_OK : EX_UNAVAILABLE;
  });
}
