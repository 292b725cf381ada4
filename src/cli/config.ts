import type { Command } from 'commander';
import type { LoadResult } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import { EX_CONFIG, EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { addDiff } from './config-diff.ts';
import type { Io } from './io.ts';
import { settingsOf } from './load.ts';
import { configFile, type Location } from './socket-path.ts';
import { table } from './table.ts';
import { count, printable } from './text.ts';

/** `relayctl config ...` */
export function addConfig(program: Command, context: Context): void {
  const config = noun(program, 'config', 'check and show the configuration');
  addCheck(config, context);
  addShow(config, context);
  addDiff(config, context);
}

function addCheck(config: Command, context: Context): void {
  const check = config
    .command('check')
    .description('check a configuration file as the daemon would, and print all that is wrong')
    .argument('[file]', 'default: the file of --config');
  annotate(check, {
    examples: [
      ['config check', 'Before a reload.'],
      ['config check new.yaml && cp new.yaml /etc/relayd/relay.yaml', 'Exit code 78 on errors.'],
    ],
    json: '{file, ok, problems: {line, column, path, message, severity}[], notYetActedOn: string[]}',
  });
  onAction(check, context, async ({ args, io, location, print }) => {
    const file = configFile(fileOr(args[0], location), io.environment);
    const { loadSettings } = await import('../config/load.ts');
    const { formatProblem } = await import('../config/problem.ts');
    const loaded = await loadSettings(file, io.environment);
    const report = checkReport(file, loaded);
    print(report, () => renderCheck(report, formatProblem));
    return loaded.ok ? EX_OK : EX_CONFIG;
  });
}

interface CheckReport {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  readonly notYetActedOn: readonly string[];
}

function checkReport(file: string, loaded: LoadResult): CheckReport {
  if (!loaded.ok) return { file, ok: false, problems: loaded.problems, notYetActedOn: [] };
  return { file, ok: true, problems: loaded.warnings, notYetActedOn: loaded.notYetActedOn };
}

function renderCheck(report: CheckReport, format: (problem: Problem) => string): string {
  const file = printable(report.file);
  const problems = report.problems.map((problem) => `${printable(format(problem))}\n`).join('');
  if (!report.ok) return `${problems}${file}: ${count(report.problems.length, 'error')}\n`;
  const later = report.notYetActedOn.map((key) => `${printable(key)}: not yet acted on\n`).join('');
  const warnings = report.problems.length;
  const verdict = warnings === 0 ? 'no errors' : `no errors, ${count(warnings, 'warning')}`;
  return `${problems}${later}${file}: ${verdict}\n`;
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
        : printableLines(stringify(shown.settings)),
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

/** By its code: the class lives in a module that is loaded only with a connection. */
function isNotRunning(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'not-running';
}

function fileOr(argument: unknown, location: Location): Location {
  return argument === undefined ? location : { config: String(argument) };
}

function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
