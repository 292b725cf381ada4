import type { Command } from 'commander';
import type { MessagePart, MessageRead } from '../control/reports.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { MessageId } from '../relay/message.ts';
import { readMessageId } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { count, printableText } from './text.ts';
import { address } from './words.ts';

/** `relayctl queue show` */
export function addShow(queue: Command, context: Context): void {
  const show = queue
    .command('show')
    .description('show one message: where each recipient stands, every attempt, and why it waits')
    .argument('<id>', 'message id', readMessageId)
    .option('--headers', 'print its header instead, as it would go out now')
    .option('--body', 'print what follows the header instead')
    .option('--raw', 'print all its bytes instead, as they would go out now')
    .option('--log', 'print what happened to it instead, as log search does');
  annotate(show, {
    examples: [
      ['queue show 1n8f3k2x0q4', 'Also for messages that have left the queue.'],
      ['queue show 1n8f3k2x0q4 --headers', 'With what its account and route change.'],
      ['queue show 1n8f3k2x0q4 --raw > message.eml', 'Byte for byte.'],
    ],
    json:
      '{queued: {message, recipients} | null, history: {message, recipients, attempts, ...} | null}; ' +
      'with --log {atMs, what, recipient, account, text, providerId?}[]',
  });
  onAction(show, context, async (invocation) => {
    const what = partOf(invocation);
    return what === null ? await showReport(invocation) : await showBytes(invocation, what);
  });
}

/** Null: no bytes are asked for. */
function partOf({ json, options }: Invocation): MessagePart | null {
  const asked = ['headers', 'body', 'raw'].filter((name) => options[name] === true);
  if (options.log === true && asked.length > 0) {
    throw new Failure('usage', EX_USAGE, `--log cannot be combined with --${asked[0]}`);
  }
  const [first] = asked;
  if (first === undefined) return null;
  if (json) throw new Failure('usage', EX_USAGE, `--${first} prints bytes, not JSON`);
  return asked.length > 1 ? 'raw' : (first as MessagePart);
}

async function showReport({ args, ask, io, options, print }: Invocation): Promise<number> {
  const report = await ask('queue.show', { id: args[0] as MessageId });
  if (options.log === true) {
    const [{ timeline }, { logText }] = await Promise.all([
      import('../policy/timeline.ts'),
      import('./log-text.ts'),
    ]);
    print(timeline(report), () => logText(report, io.nowMs()));
    return EX_OK;
  }
  const blocked = report.queued?.recipients.some(({ lane }) => lane !== null) ?? false;
  const going = blocked ? await ask('account.list', {}) : { accounts: [] };
  const { renderMessage } = await import('./queue-show.ts');
  print(report, () => renderMessage(report, going, io.nowMs()));
  return EX_OK;
}

/** Byte for byte into a file or a pipe; on a terminal nothing in it is obeyed. */
async function showBytes({ args, ask, io }: Invocation, what: MessagePart): Promise<number> {
  const decoder = new TextDecoder('utf-8');
  const id = args[0] as MessageId;
  const read = await ask('message.read', { id, what, stored: false }, async ({ base64 }) => {
    const bytes = Buffer.from(base64, 'base64');
    await io.write(io.terminal ? printableText(decoder.decode(bytes, { stream: true })) : bytes);
  });
  if (io.terminal) await io.write(printableText(decoder.decode()));
  io.err(remarks(read));
  return EX_OK;
}

function remarks({ account, recipients, otherVersions }: MessageRead): string {
  if (account === null) return 'relayctl: as it is stored: no configured account is to send it\n';
  if (otherVersions === 0) return '';
  const whose = recipients.map(address).join(', ');
  const others = count(otherVersions, 'other version');
  return `relayctl: this goes to ${whose}; other recipients get ${others}\n`;
}
