import { type Command, InvalidArgumentError } from 'commander';
import type { RouteReport } from '../control/reports.ts';
import { ControlError, type RouteQuestion } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { settingsOf } from './load.ts';
import { accountState, address } from './words.ts';

/** `relayctl route ...` */
export function addRoute(program: Command, context: Context): void {
  const route = noun(program, 'route', 'see which way mail would take');
  const test = route
    .command('test')
    .description('say through which account a message would leave, by the configuration file')
    .requiredOption('--from <address>', 'the reverse-path; <> for the null one', readPath)
    .requiredOption('--to <address>', 'a recipient', readPath)
    .option('--client <name>', 'the client that submits it; its senders are checked, too')
    .option('--header <field>', 'a header field, as "Name: value"; may be repeated', readHeader)
    .option('--running', 'ask the daemon: by the configuration in force, with account states');
  annotate(test, {
    examples: [
      [
        'route test --from erp@velosi.example --to a@b.example',
        'Works without the daemon. Exit code 65 when the message would be refused.',
      ],
      ['route test --from x@y.example --to a@b.example --client cron --running', 'Right now.'],
    ],
    json: '{result, route: {index, line} | null, accounts: {name, host, port, rewrittenTo, ...}[], edits, bcc, reply, why}',
  });
  onAction(test, context, async (invocation) => {
    const question = questionOf(invocation);
    const report = await answerTo(question, invocation);
    invocation.print(report, () => renderRoute(report, question, invocation.io.nowMs()));
    return report.result === 'refused' ? EX_DATAERR : EX_OK;
  });
}

function questionOf({ options }: Invocation): RouteQuestion {
  return {
    from: String(options.from),
    to: String(options.to),
    client: (options.client as string | undefined) ?? null,
    headers: Object.fromEntries((options.header as [string, string][] | undefined) ?? []),
  };
}

async function answerTo(
  question: RouteQuestion,
  { ask, io, location, options }: Invocation,
): Promise<RouteReport> {
  if (options.running === true) return ask('route.test', question);
  const settings = await settingsOf(location, io);
  const { routeReport } = await import('../control/route-report.ts');
  try {
    return routeReport(settings, question, null);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    throw new Failure(error.code, EX_DATAERR, error.message);
  }
}

function renderRoute(report: RouteReport, question: RouteQuestion, nowMs: number): string {
  const route =
    report.route === null ? '' : ` (route ${report.route.index}, line ${report.route.line})`;
  const head = `${address(question.from)} -> ${address(question.to)}: ${outcome(report)}${route}\n`;
  const reply = report.reply === null ? '' : `  ${printable(report.reply)}\n`;
  const accounts = report.accounts.map(({ name, host, port, ...account }, index) => {
    const { maySendAs, rewrittenTo, state, takes } = account;
    const what = [
      index === 0 ? 'first choice' : `choice ${index + 1}`,
      ...(rewrittenTo === null ? [] : [`rewritten to ${address(rewrittenTo)}`]),
      ...(maySendAs ? [] : [`may not send as ${address(question.from)}: never used for it`]),
      ...(state === null ? [] : [accountState(state, nowMs)]),
      ...(takes === true ? ['takes it now'] : []),
    ];
    return `  ${printable(`${name} at ${host}:${port}`)}: ${what.join('; ')}\n`;
  });
  return head + reply + accounts.join('') + editLines(report);
}

/** What the route changes besides the sender, which stands with each account. */
function editLines({ edits, bcc }: RouteReport): string {
  const added = Object.entries(edits?.add ?? {}).map(([name, value]) => `${name}: ${value}`);
  const lines: (readonly [string, readonly string[]])[] = [
    ['added to the header', added],
    ['removed from the header', edits?.remove ?? []],
    ['a copy to', bcc],
  ];
  return lines
    .filter(([, what]) => what.length > 0)
    .map(([title, what]) => `  ${title}: ${what.map(printable).join(', ')}\n`)
    .join('');
}

function outcome({ result, why }: RouteReport): string {
  switch (result) {
    case 'accounts':
      return 'relayed';
    case 'discard':
      return 'accepted and dropped';
    case 'hold':
      return 'accepted and held';
    case 'refused':
      return `refused, ${printable(why)}`;
  }
}

export function readPath(text: string): string {
  if (text === '<>') return '';
  if (!/^[^\s<>]+@[^\s<>@]+$/.test(text)) {
    throw new InvalidArgumentError('It must be a mail address such as a@b.example, or <>.');
  }
  return text;
}

function readHeader(
  text: string,
  previous: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const [, name, value] = /^([!-9;-~]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('A header field is written as "Name: value".');
  }
  return [...previous, [name.toLowerCase(), value]];
}
