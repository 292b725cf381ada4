import { type Command, Option } from 'commander';
import type { TraceEndReport, TraceLineReport } from '../control/steering-reports.ts';
import { traceMsMax } from '../control/steering-wire.ts';
import { formatDuration } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import { readDuration } from './argument-readers.ts';
import { annotate, type Context, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { count, jsonLine } from './text.ts';

/** How much longer than asked for the daemon may be silent. */
const graceMs = 10_000;

/** `relayctl trace` */
export function addTrace(program: Command, context: Context): void {
  const trace = program
    .command('trace')
    .description('show the dialogue with upstreams as it happens, without secrets and messages')
    .option('--account <name>', 'only this account')
    .addOption(
      new Option('--for <duration>', 'how long to look on')
        .argParser(readDuration)
        .default(60_000, '1m'),
    );
  annotate(trace, {
    examples: [
      ['trace --account gmail', 'A minute of its commands and replies; Ctrl-C ends it.'],
      ['trace --for 10m --json | tee dialogue.jsonl', 'All accounts, one line of JSON each.'],
    ],
    json: '{atMs, account, connection, is: "sent" | "received" | "note", text} per line',
  });
  onAction(trace, context, async ({ ask, io, json, options }) => {
    const forMs = Number(options.for);
    if (forMs < 1 || forMs > traceMsMax) {
      const text = `--for must be between 1s and ${formatDuration(traceMsMax)}`;
      throw new Failure('usage', EX_USAGE, text);
    }
    const account = (options.account as string | undefined) ?? null;
    const show = (line: TraceLineReport): void => io.out(json ? jsonLine(line) : lineText(line));
    const end = await ask('trace', { account, forMs }, show, forMs + graceMs);
    io.err(endText(end));
    return EX_OK;
  });
}

const MARKS = { sent: '>', received: '<', note: '*' } as const;

/** `12:03:04.512 gmail#7 > MAIL FROM:<a@b.example>`; a reply of several lines takes several. */
function lineText({ atMs, account, connection, is, text }: TraceLineReport): string {
  const time = new Date(atMs).toISOString().slice(11, 23);
  const head = `${time} ${printable(account)}#${connection} ${MARKS[is]}`;
  return text
    .split(/\r?\n/)
    .map((line) => `${head} ${printable(line)}\n`)
    .join('');
}

function endText({ lines, dropped, why }: TraceEndReport): string {
  const lost = dropped === 0 ? '' : `, ${dropped} lost because the reader was too slow`;
  const because = {
    time: 'the time is over',
    lines: 'it has become too long',
    stopping: 'relayd stops',
  }[why];
  const nothing = lines === 0 ? ' No connection had anything to say.' : '';
  return `relayctl: the trace has ended, ${because}: ${count(lines, 'line')}${lost}.${nothing}\n`;
}
