import type { Command } from 'commander';
import type { LoadResult } from '../config/load.ts';
import type { Problem } from '../config/problem.ts';
import { printable } from '../lib/printable.ts';
import { EX_CONFIG, EX_OK } from '../lib/sysexits.ts';
import type { Settings } from '../relay/settings.ts';
import type { Finding, Running } from './bind-check.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { isNotRunning } from './failure.ts';
import { configFile, fileOr } from './socket-path.ts';
import { count } from './text.ts';

/** `relayctl config check` */
export function addCheck(config: Command, context: Context): void {
  const check = config
    .command('check')
    .description('check a configuration file as the daemon would, and print all that is wrong')
    .argument('[file]', 'default: the file of --config')
    .option(
      '--bind',
      'also try what a start needs: addresses, files, directories, DNS, certificates',
    )
    .option(
      '--user <name>',
      'with --bind: who the daemon runs as (default: relayd, if there is one)',
    );
  annotate(check, {
    examples: [
      ['config check', 'Before a reload.'],
      ['config check new.yaml && cp new.yaml /etc/relayd/relay.yaml', 'Exit code 78 on errors.'],
      ['config check --bind', 'Before a start; what the running relayd holds counts as free.'],
    ],
    json:
      '{file, ok, problems: {line, column, path, message, severity}[], ' +
      'bind: {user, findings: {subject, is: "ok" | "warning" | "failed", detail}[]} | null}',
  });
  onAction(check, context, async (invocation) => {
    const { args, io, location, print } = invocation;
    const file = configFile(fileOr(args[0], location), io.environment);
    const { loadSettings } = await import('../config/load.ts');
    const { formatProblem } = await import('../config/problem.ts');
    const loaded = await loadSettings(file, io.environment);
    const wanted = loaded.ok && invocation.options.bind === true;
    const bind = wanted ? await bound(loaded.settings, invocation) : null;
    const report = checkReport(file, loaded, bind);
    print(report, () => renderCheck(report, formatProblem));
    return report.ok ? EX_OK : EX_CONFIG;
  });
}

interface Bound {
  readonly user: string;
  readonly findings: readonly Finding[];
}

interface CheckReport {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
  /** Null: not asked for, or the file has errors. */
  readonly bind: Bound | null;
}

function checkReport(file: string, loaded: LoadResult, bind: Bound | null): CheckReport {
  if (!loaded.ok) return { file, ok: false, problems: loaded.problems, bind };
  const { warnings: problems } = loaded;
  const ok = bind === null || bind.findings.every(({ is }) => is !== 'failed');
  return { file, ok, problems, bind };
}

async function bound(settings: Settings, invocation: Invocation): Promise<Bound> {
  const { io, options } = invocation;
  const [{ bindFindings }, { serviceUser }] = await Promise.all([
    import('./bind-check.ts'),
    import('./service-user.ts'),
  ]);
  const user = serviceUser(options.user as string | undefined);
  const running = await runningRelay(settings, invocation);
  const findings = await bindFindings(settings, { user, running, nowMs: io.nowMs() });
  return { user: user.name, findings };
}

/** The daemon at the control socket of the file, and what it has opened. */
async function runningRelay(
  { control }: Settings,
  { io, location }: Invocation,
): Promise<Running | null> {
  try {
    const connection = await io.connect(location.socket ?? control.socket);
    try {
      const { pid } = await connection.call('status', {});
      const { settings } = await connection.call('config.show', {});
      return { pid, holds: new Set(addressesOf(settings)) };
    } finally {
      connection.close();
    }
  } catch (error) {
    if (isNotRunning(error)) return null;
    throw error;
  }
}

/** Of `describeSettings`, which may be of another version. */
function addressesOf(settings: Readonly<Record<string, unknown>>): string[] {
  const { listeners, observe, control } = settings;
  const sections = [...(Array.isArray(listeners) ? listeners : []), observe];
  const { socket } = (control ?? {}) as { socket?: unknown };
  return [
    ...sections.map((section) => String((section as { listen?: unknown } | undefined)?.listen)),
    `unix:${socket}`,
  ];
}

function renderCheck(report: CheckReport, format: (problem: Problem) => string): string {
  const file = printable(report.file);
  const problems = report.problems.map((problem) => `${printable(format(problem))}\n`).join('');
  if (!report.ok && report.bind === null) {
    return `${problems}${file}: ${count(report.problems.length, 'error')}\n`;
  }
  const findings = report.bind === null ? '' : renderBound(report.bind);
  return `${problems}${findings}${file}: ${verdict(report)}\n`;
}

const MARKS: Readonly<Record<Finding['is'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  failed: 'FAILED ',
};

function renderBound({ user, findings }: Bound): string {
  const lines = findings.map(
    ({ subject, is, detail }) => `  ${MARKS[is]}  ${printable(`${subject}: ${detail}`)}\n`,
  );
  return `Tried for ${printable(user)}:\n${lines.join('')}`;
}

function verdict({ problems, bind }: CheckReport): string {
  const findings = bind?.findings ?? [];
  const failed = findings.filter(({ is }) => is === 'failed').length;
  const warnings = problems.length + findings.filter(({ is }) => is === 'warning').length;
  const errors = failed === 0 ? 'no errors' : `${count(failed, 'thing')} would fail`;
  return warnings === 0 ? errors : `${errors}, ${count(warnings, 'warning')}`;
}
