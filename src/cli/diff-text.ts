import type { Difference } from '../config/diff.ts';
import { printable } from '../lib/printable.ts';
import type { ReplayGroup, ReplayReport, ReplaySample, WayChange } from '../policy/replay.ts';
import { count, shorten } from './text.ts';
import { address, instant } from './words.ts';

/** One line a difference: `+` and `-` for what comes and goes, `~` for what changes. */
export function renderDifferences(report: {
  readonly before: string;
  readonly after: string;
  readonly differences: readonly Difference[];
}): string {
  const { differences } = report;
  const [before, after] = [printable(report.before), printable(report.after)];
  if (differences.length === 0) return `${after} means the same as ${before}.\n`;
  const head = `${after} against ${before}: ${count(differences.length, 'difference')}\n`;
  return head + differences.map((one) => `  ${printable(differenceText(one))}\n`).join('');
}

function differenceText({ path, is, before, after }: Difference): string {
  switch (is) {
    case 'added':
      return `+ ${path}: ${after}`;
    case 'removed':
      return `- ${path}: ${before}`;
    case 'moved':
      return `~ ${path}: was ${before}; ${after}`;
    case 'changed':
      return `~ ${path}: ${before} -> ${after}`;
  }
}

/** What would become of recorded mail. */
export function renderReplay(
  report: ReplayReport & { readonly sinceMs: number },
  columns: number,
): string {
  const { messages, waiting, sinceMs, groups } = report;
  const since = `accepted since ${instant(sinceMs)}`;
  if (messages === 0) return `Nothing to replay: no mail ${since}, and none waits.\n`;
  const head = `Replayed ${count(messages, 'message')} ${since}, ${waiting} of them waiting.\n`;
  const verdict =
    groups.length === 0
      ? 'All of them would take the same way.\n'
      : `${count(report.changed, 'message')} would take another way:\n`;
  return (
    head +
    verdict +
    groups.map((group) => groupText(group, columns)).join('') +
    report.undecided.map((one) => undecidedText(one, columns)).join('')
  );
}

const TITLES: Readonly<Record<WayChange['what'], string>> = {
  fate: 'fate',
  account: 'account',
  fallbacks: 'then',
  server: 'server',
  from: 'sent as',
  tls: 'TLS',
  copies: 'copies to',
};

function groupText(group: ReplayGroup, columns: number): string {
  const { changes, messages, recipients, waiting } = group;
  const size = [
    `${count(messages, 'message')}, ${count(recipients, 'recipient')}`,
    ...(waiting === 0 ? [] : [`${waiting} waiting`]),
  ].join(', ');
  const title =
    changes.length === 0
      ? 'other changes, too many to be told apart'
      : changes
          .map(({ what, before, after }) => `${TITLES[what]}: ${before} -> ${after}`)
          .join('; ');
  return `  ${printable(title)}\n    ${size}\n${samplesText(group.samples, columns)}`;
}

function undecidedText(
  { fields, messages, samples }: ReplayReport['undecided'][number],
  columns: number,
): string {
  const names = printable(fields.join(' and '));
  return (
    `  not known: ${count(messages, 'message')} may go another way by ${names}, a header field that ` +
    `was not recorded because no route looked at it\n${samplesText(samples, columns)}`
  );
}

function samplesText(samples: readonly ReplaySample[], columns: number): string {
  return samples
    .map(({ id, sender, recipient }) =>
      shorten(`    ${id}  ${address(sender)} -> ${address(recipient)}`, columns),
    )
    .map((line) => `${line}\n`)
    .join('');
}
