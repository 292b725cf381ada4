import type { Command } from 'commander';
import type { AccountDetail, AccountReport } from '../control/reports.ts';
import type { Answer } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_UNAVAILABLE, EX_USAGE } from '../lib/sysexits.ts';
import type { AccountState } from '../relay/account.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import { addLogin } from './account-login.ts';
import {
  accountTable,
  connections,
  lastDelivery,
  pace,
  quotaDelay,
  usage,
} from './account-table.ts';
import { certificateFacts } from './certificate.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { credentialFacts } from './credential.ts';
import { Failure } from './failure.ts';
import { flushedText } from './queue-change.ts';
import { queueText } from './queue-counts.ts';
import { facts, table } from './table.ts';
import { accountHint, accountReason, accountState, address, age, instant } from './words.ts';

/** `relayctl account ...` */
export function addAccount(program: Command, context: Context): void {
  const account = noun(program, 'account', 'see, stop, resume, test and log in upstream accounts');
  addList(account, context);
  addShow(account, context);
  addHold(account, context);
  addResume(account, context);
  addTest(account, context);
  addLogin(account, context);
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
      'credentials: {slot, inUse, firstSeenAtMs, lastAcceptedAtMs, refusedAtMs, ...}[], ' +
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
    ['What to do', accountHint(account.state)],
    ...heldSenderFacts(account, nowMs),
    ['Upstream', printable(`${account.host}:${account.port}`)],
    ['Provider', account.provider],
    ['Logs in as', account.username === null ? 'nobody (no AUTH)' : printable(account.username)],
    ...credentialFacts(detail.credentials, nowMs),
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
    ['Queue', queueText(account.queue, nowMs, account.state)],
    ['Connections', connections(account)],
    ['Pace', pace(account)],
    ['Used', usage(account.quota)],
    ['Waits for', quotaDelay(account, nowMs) || null],
    ['Last delivery', lastDelivery(account, nowMs)],
    ['Routes', used.length === 0 ? 'none' : printable(used.join(', '))],
    ['Configured at', printable(`${detail.at.file}:${detail.at.line}`)],
  ]);
}

/** Each sender that is held, with the provider's words and what to do. */
function heldSenderFacts({ heldSenders }: AccountReport, nowMs: number): [string, string][] {
  return heldSenders.flatMap(({ sender, detail, hint, sinceMs }): [string, string][] => [
    ['Held sender', printable(`${sender} for ${age(sinceMs, nowMs)}: ${detail}`)],
    ['Hint', printable(hint)],
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
    .description('let a held or paused account, and its held senders, work again; try the mail now')
    .argument('<name>', 'account of relay.yaml')
    .option('--sender <address>', 'only this sender, which the provider had refused');
  annotate(resume, {
    examples: [
      ['account resume gmail', 'After its password was mended.'],
      ['account resume ses --sender a@b.example', 'After the address was verified.'],
    ],
    json:
      '{was: {is, ...}, flushed: {recipients, messages, accountsResumed[], lanes[]}, ' +
      'senders: string[]}',
  });
  onAction(resume, context, async ({ args, ask, options, print }) => {
    const name = String(args[0]);
    const { sender } = options;
    const only = typeof sender === 'string' ? { sender } : {};
    const answer = await ask('account.resume', { name, ...only });
    print(answer, () => resumedText(name, answer, 'sender' in only));
    return EX_OK;
  });
}

function resumedText(
  name: string,
  { was, flushed, senders }: Answer<'account.resume'>,
  senderAlone: boolean,
): string {
  const still =
    was.is === 'open' ? '' : `The account itself is ${was.is}: ${accountReason(was)}.\n`;
  const opened = `Account ${printable(name)} is open${before(was)}.\n`;
  const released = senders.map((one) => `Sender ${printable(one)} is tried again.\n`).join('');
  const motion = flushedText({ ...flushed, accountsResumed: [] }, true);
  return `${senderAlone ? '' : opened}${released}${motion}${senderAlone ? still : ''}`;
}

function before(was: AccountState): string {
  return was.is === 'open' ? ' (it was open)' : ` (it was ${was.is}: ${accountReason(was)})`;
}

function addTest(account: Command, context: Context): void {
  const test = account
    .command('test')
    .description('connect and log in to an account now; sends no mail unless told to')
    .argument('<name>', 'account of relay.yaml')
    .option('--send', 'then send one short message through it, whatever the routes say')
    .option('--from <address>', 'its sender; without it the first address of identities')
    .option('--to <address>', 'its recipient; without it the sender');
  annotate(test, {
    examples: [
      ['account test gmail', 'Each step with the reply; exit code 69 when one fails.'],
      ['account test gmail --send --to me@example.net', 'And the reply to one real message.'],
    ],
    json: '{account, ok, peer, steps: {phase, ok, detail, tookMs}[], tls | null, extensions[], ...}',
  });
  onAction(test, context, async ({ args, ask, io, options, print }) => {
    const [from, to] = [options.from, options.to].map((one) => (one ? String(one) : null));
    if (options.send !== true && (from || to)) {
      throw new Failure(
        'usage',
        EX_USAGE,
        '--from and --to need --send: without it nothing is sent',
      );
    }
    const send = { from: from ?? null, to: to ?? null };
    const name = String(args[0]);
    const report = await ask('account.test', options.send === true ? { name, send } : { name });
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
  const hint = report.hint === null ? '' : `  ${printable(report.hint)}\n`;
  return (
    `${printable(report.peer)}\n${table(head, steps, columns)}\n${certificate}` +
    `\nAccount ${printable(report.account)} ${verdict(report)}.\n${hint}`
  );
}

function verdict({ ok, sent }: ProbeReport): string {
  if (sent === undefined) return ok ? 'works' : 'does not work';
  const which = `a message from ${address(sent.from)} to ${address(sent.to)}`;
  return ok ? `works: its upstream took ${which}` : `logs in, but could not send ${which}`;
}
