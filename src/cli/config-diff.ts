import type { Command } from 'commander';
import type { Difference } from '../config/diff.ts';
import type { Answer } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { ReplayReport } from '../policy/replay.ts';
import type { MessageId } from '../relay/message.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { renderDifferences, renderReplay } from './diff-text.ts';
import { type Compared, settingsToCompare } from './load.ts';
import { configFile } from './socket-path.ts';

/** Messages asked for at a time: neither side holds more of them. */
const pageMessages = 500;

/** `relayctl config diff` */
export function addDiff(config: Command, context: Context): void {
  const diff = config
    .command('diff')
    .description('say what another configuration file would change, and for which mail')
    .argument('<new>', 'the other file; it is compared with the file of --config')
    .option(
      '--replay <duration>',
      'send the mail of this long, and all that waits, through both files: 7d',
      readSpan,
    );
  annotate(diff, {
    examples: [
      ['config diff new.yaml', 'Without the daemon. Secrets are compared, never shown.'],
      ['config diff new.yaml --replay 7d', 'Which mail would take another way. Changes nothing.'],
    ],
    json:
      '{before, after, differences: {path, is, before, after}[], unread: string[], replay: {sinceMs, messages, ' +
      'recipients, waiting, changed, groups: {changes: {what, before, after}[], messages, recipients, waiting, ' +
      'samples[]}[], undecided[]} | null}',
  });
  onAction(diff, context, async (invocation) => {
    const report = await compare(invocation);
    invocation.print(report, () => render(report, invocation));
    return EX_OK;
  });
}

interface DiffReport {
  readonly before: string;
  readonly after: string;
  readonly differences: readonly Difference[];
  readonly unread: readonly string[];
  readonly replay: (ReplayReport & { readonly sinceMs: number }) | null;
}

async function compare(invocation: Invocation): Promise<DiffReport> {
  const { args, io, location, options } = invocation;
  const files = { before: configFile(location, io.environment), after: String(args[0]) };
  const compared = await settingsToCompare(files, io);
  const { settingsDifferences } = await import('../config/diff.ts');
  const differences = settingsDifferences(compared.before, compared.after);
  const windowMs = options.replay as number | undefined;
  const replay = windowMs === undefined ? null : await replayed(invocation, compared, windowMs);
  return { ...files, differences, unread: compared.unread, replay };
}

async function replayed(
  { ask, io }: Invocation,
  { before, after }: Compared,
  windowMs: number,
): Promise<DiffReport['replay']> {
  const [{ openReplay }, { describeSettings }] = await Promise.all([
    import('../policy/replay.ts'),
    import('../config/describe.ts'),
  ]);
  const running = await ask('config.show', {});
  if (JSON.stringify(running.settings) !== JSON.stringify(describeSettings(before))) {
    io.err(
      `relayctl: the daemon works with something else than ${printable(before.file)} says now; ` +
        'mail is compared by the file\n',
    );
  }
  const replay = openReplay(before, after);
  const sinceMs = Math.max(0, io.nowMs() - windowMs);
  let done = 0;
  for (const part of ['queue', 'history'] as const) {
    const page = (after: MessageId | null): Promise<Answer<'message.recorded'>> =>
      ask('message.recorded', { part, sinceMs, after, limit: pageMessages });
    let coming: Promise<Answer<'message.recorded'>> | null = page(null);
    while (coming !== null) {
      const { messages, next }: Answer<'message.recorded'> = await coming;
      // The daemon reads the next page while this one is replayed.
      coming = next === null ? null : page(next);
      for (const message of messages) replay.add(message);
      done += messages.length;
      if (io.interactive) io.err(`\r${done} messages`);
    }
  }
  if (io.interactive) io.err('\r\x1b[K');
  return { sinceMs, ...replay.report() };
}

function render(report: DiffReport, { io }: Invocation): string {
  const unread = report.unread.map((line) => `note: ${printable(line)}\n`).join('');
  const replay = report.replay === null ? '' : `\n${renderReplay(report.replay, io.columns)}`;
  return renderDifferences(report) + unread + replay;
}
