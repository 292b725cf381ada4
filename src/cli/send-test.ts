import { type Command, Option } from 'commander';
import type { MessageReport } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_TEMPFAIL, EX_UNAVAILABLE } from '../lib/sysexits.ts';
import type { MessageId } from '../relay/message.ts';
import { readDuration } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { states } from './queue-list.ts';

/** The outcome is asked for this often; an attempt takes longer. */
const pollMs = 250;

/** `relayctl send-test` */
export function addSendTest(program: Command, context: Context): void {
  const sendTest = program
    .command('send-test')
    .description('send a short message through the relay and wait for its outcome')
    .requiredOption('--from <address>', 'the reverse-path and From; it chooses the account')
    .requiredOption('--to <address>', 'the recipient')
    .addOption(
      new Option('--wait <duration>', 'wait this long at most for the outcome')
        .argParser(readDuration)
        .default(60_000, '1m'),
    )
    .option('--no-wait', 'only put it into the queue');
  annotate(sendTest, {
    examples: [
      [
        'send-test --from erp@velosi.example --to me@example.net',
        'Exit code 0 delivered, 75 still in the queue, 69 bounced.',
      ],
    ],
    json: '{id, account, outcome: "delivered" | "bounced" | "queued" | ..., text: string | null}',
  });
  onAction(sendTest, context, sendAndWait);
}

interface Result {
  readonly id: MessageId;
  readonly account: string | null;
  /** `queued` when it has not left the queue yet. */
  readonly outcome: string;
  readonly text: string | null;
}

async function sendAndWait(invocation: Invocation): Promise<number> {
  const { ask, options, print } = invocation;
  const sent = await ask('message.send-test', {
    from: String(options.from),
    to: String(options.to),
  });
  const waitMs = options.wait === false ? 0 : Number(options.wait);
  const result: Result = { ...sent, ...(await outcomeOf(invocation, sent.id, waitMs)) };
  print(result, () => render(result));
  if (result.outcome === 'delivered' || waitMs === 0) return EX_OK;
  return result.outcome === 'queued' ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

async function outcomeOf(
  { ask, io }: Invocation,
  id: MessageId,
  waitMs: number,
): Promise<Pick<Result, 'outcome' | 'text'>> {
  const giveUpAtMs = io.nowMs() + waitMs;
  let report: MessageReport = { queued: null, history: null, standIns: [] };
  while (io.nowMs() < giveUpAtMs) {
    report = await ask('queue.show', { id });
    const settled = report.history?.recipients[0];
    if (report.queued === null && settled !== undefined) {
      return { outcome: settled.outcome, text: settled.text };
    }
    await io.pause(pollMs);
  }
  const [waiting] = report.queued?.recipients ?? [];
  const text = waiting === undefined ? null : (waiting.lastText ?? states([waiting]));
  return { outcome: 'queued', text };
}

function render({ id, account, outcome, text }: Result): string {
  const through = account === null ? '' : ` through ${printable(account)}`;
  const head =
    outcome === 'queued' ? `${id}: in the queue${through}` : `${id}: ${outcome}${through}`;
  const why = text === null ? '' : `\n  ${printable(text)}`;
  const hint = outcome === 'queued' ? `\n  To see more: relayctl queue show ${id}` : '';
  return `${head}${why}${hint}\n`;
}
