import type { Command } from 'commander';
import type { StatusReport } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { formatSize } from '../lib/size.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { RelayDrain, RelayPause } from '../relay/steering.ts';
import { accountTable } from './account-table.ts';
import { annotate, type Context, onAction } from './command.ts';
import { queueText, recipientsIn } from './queue-counts.ts';
import { facts } from './table.ts';
import { count } from './text.ts';
import { accountReason, age, until } from './words.ts';

/** `relayctl status` */
export function addStatus(program: Command, context: Context): void {
  const status = program
    .command('status')
    .description('how the relay is doing: queue, accounts, and what needs attention');
  annotate(status, {
    examples: [
      ['status', 'The whole relay on one screen.'],
      ['status --json | jq .accounts[].state.is', 'The same for a script.'],
    ],
    json: '{version, pid, state, startedAtMs, config, listeners[], queue[], accounts[], store, ...}',
  });
  onAction(status, context, async ({ ask, io, print }) => {
    const report = await ask('status', {});
    print(report, () => renderStatus(report, io.columns));
    return EX_OK;
  });
}

/** The daemon's own clock counts: ages are right even when a report is read later. */
export function renderStatus(report: StatusReport, columns: number): string {
  const { nowMs } = report;
  const state = report.state === 'running' ? 'running' : 'stopping, after running';
  const head = facts([
    [
      'relayd',
      `${report.version} ${state} for ${age(report.startedAtMs, nowMs)}, pid ${report.pid}`,
    ],
    ['Process', `Node ${report.node}, ${formatSize(report.memoryBytes)} resident`],
    ['Host name', printable(report.hostname)],
    ['Configuration', printable(report.config)],
    ['Listeners', listenersText(report)],
    ['Queue', queueText(report.queue, nowMs)],
    ['Store', `${formatSize(report.store.bytesOnDisk)} on disk`],
  ]);
  const accounts =
    report.accounts.length === 0
      ? 'No accounts are configured.\n'
      : accountTable(report.accounts, { columns, nowMs });
  const attention = attentionLines(report);
  const needed = attention.length === 0 ? '' : `\nNeeds attention:\n${attention.join('')}`;
  return `${head}\n${accounts}${needed}`;
}

function listenersText({ listeners }: StatusReport): string {
  const texts = listeners.map(
    ({ listen, tls, sessions }) =>
      `${printable(listen)}${tls === 'none' ? '' : ` ${tls}`} (${count(sessions, 'session')})`,
  );
  return texts.length === 0 ? 'none' : texts.join(', ');
}

function pausedLines({ reason, sinceMs, untilMs }: RelayPause, nowMs: number): string {
  const end = untilMs === null ? 'with' : `${until(untilMs, nowMs)}, or with`;
  return (
    `  All delivery is paused for ${age(sinceMs, nowMs)}: ${printable(reason)}\n` +
    `    It goes on ${end}: relayctl resume\n`
  );
}

function drainedLines({ reason, sinceMs, untilMs }: RelayDrain, nowMs: number): string {
  const end = untilMs === null ? 'with' : `${until(untilMs, nowMs)}, or with`;
  return (
    `  No mail has been taken for ${age(sinceMs, nowMs)}: ${printable(reason)}\n` +
    `    It is taken again ${end}: relayctl undrain\n`
  );
}

function attentionLines(report: StatusReport): string[] {
  const { refusedReload, pause, drain, holdRules, nowMs } = report;
  const paused = pause === null ? [] : [pausedLines(pause, nowMs)];
  const reload =
    refusedReload === null
      ? []
      : [
          `  A reload was refused ${age(refusedReload.atMs, nowMs)} ago; the former configuration is in ` +
            `force:\n${refusedReload.problems.map((problem) => `    ${printable(problem)}\n`).join('')}`,
        ];
  const held = report.accounts
    .filter(({ state }) => state.is === 'held')
    .map(
      ({ name, state }) =>
        `  Account ${printable(name)} is held: ${accountReason(state)}\n` +
        `    When it is mended: relayctl account resume ${printable(name)}\n`,
    );
  const senders = report.accounts.flatMap(({ name, heldSenders }) =>
    heldSenders.map(
      ({ sender, detail }) =>
        `  Account ${printable(name)} may not send as ${printable(sender)}: ${printable(detail)}\n` +
        `    When it is mended: relayctl account resume ${printable(name)} --sender ` +
        `${printable(sender)}\n`,
    ),
  );
  const kept = (state: 'held' | 'quarantined'): number =>
    recipientsIn(report.queue.filter((lane) => lane.state === state));
  const stopped = kept('held');
  const broken = kept('quarantined');
  return [
    ...paused,
    ...(drain === null || drain === undefined ? [] : [drainedLines(drain, nowMs)]),
    ...reload,
    ...held,
    ...senders,
    ...(holdRules.length > 0
      ? [`  ${count(holdRules.length, 'hold rule')} for mail to come: relayctl hold list\n`]
      : []),
    ...(stopped > 0
      ? [`  ${count(stopped, 'recipient')} held: relayctl queue list --state held\n`]
      : []),
    ...(broken > 0
      ? [`  ${count(broken, 'recipient')} unreadable: relayctl queue list --state quarantined\n`]
      : []),
  ];
}
