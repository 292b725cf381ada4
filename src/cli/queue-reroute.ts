import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import type { RedirectReport } from '../relay/queue-views.ts';
import { readMessageIds } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { addFilterOptionsWithReason } from './queue-filter.ts';
import {
  addTouchOptions,
  allFound,
  chosenFilters,
  confirmed,
  each,
  fewNamed,
  sum,
} from './queue-touch.ts';
import { table } from './table.ts';
import { count } from './text.ts';
import { address } from './words.ts';

/** `relayctl queue reroute` */
export function addReroute(queue: Command, context: Context): void {
  const command = addTouchOptions(addFilterOptionsWithReason(queue.command('reroute')))
    .description('send mail another way: by the routes in force, or to one account')
    .argument('[id...]', 'message ids', readMessageIds)
    .option('--all', 'the whole queue, when nothing else chooses')
    .option('--to <account>', 'to this account, and it stays there whatever the routes say')
    .option(
      '--force',
      'with --to, also mail in doubt: it may have been delivered and then arrives twice',
    );
  annotate(command, {
    examples: [
      ['queue reroute --all', 'After routes were changed: also what was held without a route.'],
      ['queue reroute --account gmail --to ses', 'All that waits for gmail goes through ses.'],
      ['queue reroute --account gmail --to ses --dry-run', 'How much that would be.'],
    ],
    json:
      '{recipients, messages, moves: {from: account | null, to, recipients}[], withoutAccount, ' +
      'inDoubt, notAllowed, senders: {id, address}[]}; dryRun with --dry-run',
  });
  onAction(command, context, reroute);
}

async function reroute(invocation: Invocation): Promise<number> {
  const { ask, options, print } = invocation;
  const wanted = chosenFilters(invocation, 'reroute');
  const to = (options.to as string | undefined) ?? null;
  const force = options.force === true;
  const asked = (dryRun: boolean): Promise<RedirectReport[]> =>
    each(wanted, (filter) => ask('queue.reroute', { filter, to, force, dryRun }));
  const dryRun = options.dryRun === true;
  if (dryRun || (options.yes !== true && !fewNamed(wanted))) {
    const would = merge(await asked(true));
    if (dryRun) {
      print({ dryRun, ...would }, () => text(would, { to, done: 'Would be rerouted' }));
      return EX_OK;
    }
    const question = `reroute ${count(would.messages, 'message')} (${movesText(would)})?`;
    if (!(await confirmed(invocation, would.messages, question))) return EX_OK;
  }
  const parts = await asked(false);
  const report = merge(parts);
  print(report, () => text(report, { to, done: 'Rerouted' }));
  if (to !== null && report.inDoubt + report.notAllowed > 0) {
    throw new Failure(
      'refused',
      EX_DATAERR,
      `some of the mail was not rerouted to ${to}, see above`,
    );
  }
  return to === null ? EX_OK : allFound(wanted, parts);
}

const sendersShownMax = 5;

function merge(parts: readonly RedirectReport[]): RedirectReport {
  const total = (key: 'withoutAccount' | 'inDoubt' | 'notAllowed'): number =>
    parts.reduce((all, part) => all + part[key], 0);
  const moves = Map.groupBy(
    parts.flatMap((part) => part.moves),
    ({ from, to }) => JSON.stringify([from, to]),
  );
  return {
    ...sum(parts),
    moves: [...moves.values()].flatMap((some) => {
      const recipients = some.reduce((all, one) => all + one.recipients, 0);
      return some[0] === undefined ? [] : [{ ...some[0], recipients }];
    }),
    withoutAccount: total('withoutAccount'),
    inDoubt: total('inDoubt'),
    notAllowed: total('notAllowed'),
    senders: parts.flatMap(({ senders }) => senders).slice(0, sendersShownMax),
  };
}

const fromText = (from: string | null): string => (from === null ? 'no account' : printable(from));

function movesText({ moves }: RedirectReport): string {
  return moves
    .map(({ from, to, recipients }) => `${fromText(from)} to ${printable(to)}: ${recipients}`)
    .join(', ');
}

function text(
  report: RedirectReport,
  { to, done }: { readonly to: string | null; readonly done: string },
): string {
  const head = [
    { title: 'FROM' },
    { title: 'TO' },
    { title: 'RECIPIENTS', align: 'right' as const },
  ];
  const rows = report.moves.map(({ from, to: lane, recipients }) => {
    return [fromText(from), printable(lane), String(recipients)];
  });
  const moved =
    report.recipients === 0
      ? 'Nothing to reroute.\n'
      : `${table(head, rows, Number.POSITIVE_INFINITY)}\n${done}: ` +
        `${count(report.recipients, 'recipient')} of ${count(report.messages, 'message')}.\n`;
  return moved + leftText(report, to);
}

function leftText(report: RedirectReport, to: string | null): string {
  const { inDoubt, notAllowed, withoutAccount, senders } = report;
  const lines: string[] = [];
  if (inDoubt > 0) {
    const force = to === null ? '' : '; --force sends it all the same, and it may arrive twice';
    lines.push(
      `Left alone: ${count(inDoubt, 'recipient')} in doubt. The account that tried may have ` +
        `delivered that mail already, nobody can know${force}.`,
    );
  }
  if (notAllowed > 0 && to !== null) {
    const some = senders.map((one) => `${one.id} (${address(one.address)})`).join(', ');
    lines.push(
      `Left alone: ${count(notAllowed, 'message')} whose sender the account ${printable(to)} may ` +
        `not send as by its identities: ${some}${notAllowed > senders.length ? ' ...' : ''}`,
    );
  }
  if (withoutAccount > 0) {
    lines.push(
      `${count(withoutAccount, 'recipient')} without an account by the routes in force: held, or ` +
        'discarded where a route says so.',
    );
  }
  return lines.map((line) => `${line}\n`).join('');
}
