import type { Command } from 'commander';
import type { EvidenceReport } from '../control/evidence-report.ts';
import { printable } from '../lib/printable.ts';
import { EX_CANTCREAT, EX_OK } from '../lib/sysexits.ts';
import type { LogEntry } from '../relay/log-search.ts';
import type { Message, MessageId } from '../relay/message.ts';
import { readMessageId } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { jsonLine } from './text.ts';

/** `relayctl evidence` */
export function addEvidence(program: Command, context: Context): void {
  const evidence = program
    .command('evidence')
    .description("gather what a provider's support asks for about one message, without secrets")
    .argument('<id>', 'message id', readMessageId)
    .option('--out <file>', 'write it there, readable by you only; the file must not exist')
    .option('--redact', 'hide the local parts of all addresses');
  annotate(evidence, {
    examples: [
      ['evidence 1n8f3k2x0q4', 'Attempts, replies, dialogues, TLS, rules, quota, versions.'],
      ['evidence 1n8f3k2x0q4 --redact --out ticket.txt', 'To attach to a ticket.'],
      ['evidence 1n8f3k2x0q4 --json --out ticket.json', 'For a machine.'],
    ],
    json:
      '{version, node, hostname, nowMs, entry: {queued, history}, events: {atMs, what, ...}[], ' +
      'accounts: {name, provider, server, username, tls, state, quota, certificate}[], ' +
      'rules: {account, phase, reply, source, pattern, verdict}[]}',
  });
  onAction(evidence, context, gather);
}

async function gather(invocation: Invocation): Promise<number> {
  const { args, ask, io, json, options, print } = invocation;
  const report = withoutContent(await ask('evidence', { id: args[0] as MessageId }));
  const [{ timeline }, { evidenceText }, { redactAddresses }] = await Promise.all([
    import('../policy/timeline.ts'),
    import('./evidence-text.ts'),
    import('./redact-addresses.ts'),
  ]);
  const whole = { ...report, events: timeline(report.entry) };
  const shown = options.redact === true ? redactAddresses(whole, addressesOf(report)) : whole;
  if (options.out === undefined) {
    print(shown, () => evidenceText(shown));
    return EX_OK;
  }
  await write(String(options.out), json ? jsonLine(shown) : evidenceText(shown));
  io.err(`relayctl: wrote ${printable(String(options.out))}\n`);
  return EX_OK;
}

/** Values of header fields that routes look at are the sender's words. */
function withoutContent(report: EvidenceReport): EvidenceReport {
  const bare = <T extends { readonly message: Message } | null>(side: T): T =>
    side === null ? side : { ...side, message: { ...side.message, routeHeaders: {} } };
  const { queued, history } = report.entry;
  return { ...report, entry: { queued: bare(queued), history: bare(history) } };
}

function addressesOf({ entry, accounts }: EvidenceReport): string[] {
  const messages = [entry.queued?.message, entry.history?.message];
  return [
    ...messages.flatMap((message) => (message === undefined ? [] : addressesIn(message))),
    ...accounts.flatMap(({ username }) => username ?? []),
  ];
}

function addressesIn({
  envelope,
  from,
  alsoFrom = [],
}: NonNullable<LogEntry['queued']>['message']) {
  const { reversePath, recipients } = envelope;
  const forwardPaths = recipients.map(({ forwardPath }) => forwardPath);
  return [reversePath, ...forwardPaths, ...(from === null ? [] : [from]), ...alsoFrom];
}

async function write(path: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof code !== 'string') throw error;
    const why = code === 'EEXIST' ? 'it exists already' : (error as Error).message;
    throw new Failure('cannot-write', EX_CANTCREAT, `cannot write ${path}: ${why}`);
  }
}
