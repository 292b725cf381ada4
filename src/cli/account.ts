import type { Command } from 'commander';
import type { AccountDetail } from '../control/reports.ts';
import { EX_OK, EX_UNAVAILABLE } from '../lib/sysexits.ts';
import type { AccountState } from '../relay/account.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import { accountTable, lastDelivery, quotaDelay, usage } from './account-table.ts';
import { certificateFacts } from './certificate.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { flushedText } from './queue-change.ts';
import { queueText } from './queue-counts.ts';
import { facts, table } from './table.ts';
import { printable } from './text.ts';
import { accountReason, accountState, instant } from './words.ts';

/** `relayctl account ...` */
export function addAccount(program: Command, context: Context): void {
  const account = noun(program, 'account', 'see, stop, resume and test upstream accounts');
  addList(account, context);
  addShow(account, context);
  addHold(account, context);
  addResume(account, context);
  addTest(account, context);
}

function addList(account: Command, context: Context): void {
  const list = account.command('list').description('list the accounts with their state and load');
  annotate(list, {
    examples: [['account list', 'Which accounts work, and why the others do not.']],
    json: '{accounts: {name, provider, host, port, username, state: {is, ...}, connections, queue[], ...}[]}',
  });
  onAction(list, context, async ({ ask, io, print }) => {
    const answer = await ask('account.list', {});
    print(answer, () =>
      answer.accounts.length === 0
        ? 'No accounts are configured.\n'
        : accountTable(answer.accounts, { columns: io.columns, nowMs: io.nowMs() }),
    );
    return EX_OK;
  });
}

function addShow(account: Command, context: Context): void {
  const show = account
    .command('show')
    .description('show one account: state, TLS policy, limits, routes')
    .argument('<name>', 'account of relay.yaml');
  annotate(show, {
    examples: [['account show gmail', 'Everything but its password.']],
    json:
      '{account, routes: {index, line, sender}[], handsOverTo[], standsInFor[], identities[], ' +
      'tls, exception | null, ' +
      'certificate: {subject, issuer, names[], validToMs, pin, chain[], lastSeenAtMs, ...} | null, ' +
      'at: {file, line}}',
  });
  onAction(show, context, async ({ args, ask, io, print }) => {
    const detail = await ask('account.show', { name: String(args[0]) });
    print(detail, () => renderAccount(detail, io.nowMs()));
    return EX_OK;
  });
}

function renderAccount(detail: AccountDetail, nowMs: number): string {
  const { account, exception, routes } = detail;
  const used = routes.map(
    ({ index, line, sender }) => `${index} (line ${line}, sender ${sender ?? 'any'})`,
  );
  return facts([
    ['Account', printable(account.name)],
    ['State', accountState(account.state, nowMs)],
    ['Why', account.state.is === 'open' ? null : accountReason(account.state)],
    ['Hands over to', printable(detail.handsOverTo.join(', ')) || null],
    ['Stands in for', printable(detail.standsInFor.join(', ')) || null],
    ['Upstream', printable(`${account.host}:${account.port}`)],
    ['Provider', account.provider],
    ['Logs in as', account.username === null ? 'nobody (no AUTH)' : printable(account.username)],
    ['May send as', printable(detail.identities.join(', ')) || 'any address'],
    ['TLS', printable(detail.tls)],
    [
      'TLS exception',
      exception &&
        printable(
          `${exception.allow.join(', ')} until ${instant(exception.untilMs)}: ${exception.reason}`,
        ),
    ],
    ...certificateFacts(detail.certificate, nowMs),
    ['Queue', queueText(account.queue, nowMs)],
    ['Connections', `${account.connections.open} of at most ${account.connections.max}`],
    ['Used', usage(account.quota)],
    ['Waits for', quotaDelay(account, nowMs) || null],
    ['Last delivery', lastDelivery(account, nowMs)],
    ['Routes', used.length === 0 ? 'none' : printable(used.join(', '))],
    ['Configured at', printable(`${detail.at.file}:${detail.at.line}`)],
  ]);
}

function addHold(account: Command, context: Context): void {
  const hold = account
    .command('hold')
    .description('stop an account; its mail waits until it is resumed')
    .argument('<name>', 'account of relay.yaml')
    .option('--reason <text>', 'why, as everybody who looks will see it', 'held by an operator');
  annotate(hold, {
    examples: [['account hold gmail --reason "password being changed"', 'Nothing is lost.']],
    json: '{was: {is, ...}, now: {is, ...}}',
  });
  onAction(hold, context, async ({ args, ask, options, print }) => {
    const name = String(args[0]);
    const answer = await ask('account.hold', { name, reason: String(options.reason) });
    print(answer, () => `Account ${printable(name)} is held${before(answer.was)}.\n`);
    return EX_OK;
  });
}

function addResume(account: Command, context: Context): void {
  const resume = account
    .command('resume')
    .description('let a held or paused account work again, and try its mail now')
    .argument('<name>', 'account of relay.yaml');
  annotate(resume, {
    examples: [['account resume gmail', 'After its password was mended.']],
    json: '{was: {is, ...}, flushed: {recipients, messages, accountsResumed[], lanes[]}}',
  });
  onAction(resume, context, async ({ args, ask, print }) => {
    const name = String(args[0]);
    const answer = await ask('account.resume', { name });
    print(
      answer,
      () =>
        `Account ${printable(name)} is open${before(answer.was)}.\n` +
        flushedText({ ...answer.flushed, accountsResumed: [] }, true),
    );
    return EX_OK;
  });
}

function before(was: AccountState): string {
  return was.is === 'open' ? ' (it was open)' : ` (it was ${was.is}: ${accountReason(was)})`;
}

function addTest(account: Command, context: Context): void {
  const test = account
    .command('test')
    .description('connect and log in to an account now, without sending mail')
    .argument('<name>', 'account of relay.yaml');
  annotate(test, {
    examples: [['account test gmail', 'Each step with the reply; exit code 69 when one fails.']],
    json: '{account, ok, peer, steps: {phase, ok, detail, tookMs}[], tls | null, extensions[], ...}',
  });
  onAction(test, context, async ({ args, ask, io, print }) => {
    const report = await ask('account.test', { name: String(args[0]) });
    print(report, () => renderProbe(report, io.columns));
    return report.ok ? EX_OK : EX_UNAVAILABLE;
  });
}

function renderProbe(report: ProbeReport, columns: number): string {
  const steps = report.steps.map(({ phase, ok, detail, tookMs }) => [
    phase,
    ok ? 'ok' : 'failed',
    `${Math.round(tookMs)}ms`,
    printable(detail),
  ]);
  const head = [
    { title: 'STEP' },
    { title: 'RESULT' },
    { title: 'TOOK', align: 'right' as const },
    { title: 'REPLY' },
  ];
  const { tls } = report;
  const certificate = facts([
    ['TLS', tls && printable(tls.protocol)],
    ['Certificate', tls && printable(`${tls.subject}, issued by ${tls.issuer}`)],
    ['Names', tls && printable(tls.names.join(', '))],
    ['Valid', tls && `${instant(tls.validFromMs)} to ${instant(tls.validToMs)}`],
    ['Pin', tls && printable(tls.pin)],
    ['Extensions', report.extensions.length === 0 ? null : printable(report.extensions.join(', '))],
    ['Logged in as', report.authenticatedAs === null ? null : printable(report.authenticatedAs)],
  ]);
  const verdict = report.ok ? 'works' : 'does not work';
  const hint = report.hint === null ? '' : `  ${printable(report.hint)}\n`;
  const name = printable(report.account);
  return (
    `${printable(report.peer)}\n${table(head, steps, columns)}\n${certificate}` +
    `\nAccount ${name} ${verdict}.\n${hint}`
  );
}
