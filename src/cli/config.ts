import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { addCheck } from './config-check.ts';
import { addDiff } from './config-diff.ts';
import { isNotRunning } from './failure.ts';
import type { Io } from './io.ts';
import { settingsOf } from './load.ts';
import { fileOr, type Location } from './socket-path.ts';
import { table } from './table.ts';
import { printableText } from './text.ts';

/** `relayctl config ...` */
export function addConfig(program: Command, context: Context): void {
  const config = noun(program, 'config', 'check and show the configuration');
  addCheck(config, context);
  addShow(config, context);
  addDiff(config, context);
}

function addShow(config: Command, context: Context): void {
  const show = config
    .command('show')
    .description('show the configuration in force, with defaults filled in and secrets hidden')
    .argument('[file]', 'show what this file means instead of asking the daemon')
    .option('--origin', 'one value a line, with the place it came from: file, preset or default');
  annotate(show, {
    examples: [
      ['config show', 'What the daemon works with now.'],
      ['config show new.yaml', 'What it would work with.'],
      ['config show --origin | grep accounts.gmail', 'Where each value of one account stands.'],
    ],
    json: '{file, settings: {hostname, listeners, ...}, origins: {PATH: string}}: the keys of relay.yaml',
  });
  onAction(show, context, async (invocation) => {
    const shown = await viewOf(invocation);
    const [{ stringify }, text] = await Promise.all([import('yaml'), originText()]);
    invocation.print(shown, () =>
      invocation.options.origin === true
        ? text(shown, invocation.io.columns)
        : printableText(stringify(shown.settings)),
    );
    return EX_OK;
  });
}

async function originText(): Promise<(view: View, columns: number) => string> {
  const [{ inBrief, leavesOf }, { formatPath }] = await Promise.all([
    import('../config/leaves.ts'),
    import('../config/problem.ts'),
  ]);
  return ({ settings, origins }, columns) => {
    const rows = leavesOf(settings).map(({ path, value }) => {
      const place = formatPath(path);
      return [place, inBrief(value) ?? '', origins[place] ?? ''].map(printable);
    });
    return table(
      [{ title: 'KEY' }, { title: 'VALUE', shrinkTo: 16 }, { title: 'FROM' }],
      rows,
      columns,
    );
  };
}

interface View {
  readonly file: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, string>>;
}

/** The daemon's, or that of a file when one is named or no daemon is there to ask. */
async function viewOf(invocation: Invocation): Promise<View> {
  const { args, ask, io, location } = invocation;
  if (args[0] !== undefined) return viewOfFile(fileOr(args[0], location), io);
  try {
    return await ask('config.show', {});
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    const view = await viewOfFile(location, io);
    io.err(`relayctl: relayd is not running; this is what ${printable(view.file)} says\n`);
    return view;
  }
}

async function viewOfFile(location: Location, io: Io): Promise<View> {
  const settings = await settingsOf(location, io);
  const { describeSettings } = await import('../config/describe.ts');
  const { file, origins = {} } = settings;
  return { file, settings: describeSettings(settings), origins };
}
