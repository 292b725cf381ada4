import { fstatSync } from 'node:fs';
import { loadSettings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { EX_CONFIG, EX_OK, EX_SOFTWARE, EX_USAGE } from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import { fanOut } from '../observe/bus.ts';
import { openLog, stdoutIsJournal } from '../observe/log.ts';
import type { EventSink } from '../relay/events.ts';
import { readArguments, USAGE } from './arguments.ts';
import { createDaemon, warn } from './daemon.ts';
import { type Lifecycle, openLifecycle } from './lifecycle.ts';
import { openNotifier } from './notify.ts';

const stdout = 1;

/** relayd from its arguments to its exit code. */
async function main(args: readonly string[]): Promise<number> {
  const command = readArguments(args, process.env);
  switch (command.is) {
    case 'version':
      process.stdout.write(`relayd ${packageVersion()} (Node ${process.version})\n`);
      return EX_OK;
    case 'help':
      process.stdout.write(USAGE);
      return EX_OK;
    case 'wrong':
      process.stderr.write(`relayd: ${command.message}\n\n${USAGE}`);
      return EX_USAGE;
    case 'check':
    case 'run':
      return withSettings(command.config, command.is === 'check');
  }
}

async function withSettings(config: string, checkOnly: boolean): Promise<number> {
  const loaded = await loadSettings(config, process.env);
  if (!loaded.ok) {
    for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
    return EX_CONFIG;
  }
  if (!checkOnly) return run(loaded);
  for (const warning of loaded.warnings) process.stdout.write(`${formatProblem(warning)}\n`);
  for (const key of loaded.notYetActedOn) process.stdout.write(`not yet acted on: ${key}\n`);
  process.stdout.write(`${loaded.settings.file}: no errors\n`);
  return EX_OK;
}

type Loaded = Extract<Awaited<ReturnType<typeof loadSettings>>, { ok: true }>;

async function run({ settings, warnings, notYetActedOn }: Loaded): Promise<number> {
  process.title = 'relayd';
  const log = openLog({
    settings: settings.log,
    destination: stdout,
    journal: stdoutIsJournal(process.env.JOURNAL_STREAM, fstatSync(stdout)),
    nowMs: Date.now,
  });
  let counted: EventSink = () => {};
  const onBug = (error: unknown): void => lifecycle.fail('an event sink', error);
  const emit = fanOut([log.sink, (event) => counted(event)], onBug);
  const lifecycle: Lifecycle = openLifecycle({
    process,
    emit,
    notifier: openNotifier({
      environment: process.env,
      pid: process.pid,
      monotonicUs: () => process.hrtime.bigint() / 1000n,
      onFailed: (detail) => emit({ is: 'supervisor.unreachable', detail }),
    }),
    flushLog: log.flush,
    elapsedMs: () => performance.now(),
    about: { version: packageVersion(), node: process.version, config: settings.file },
  });
  warn(emit, settings.file, warnings, notYetActedOn);
  return lifecycle.run(
    createDaemon({
      settings,
      emit,
      environment: process.env,
      onDeath: (what, error) => lifecycle.fail(what, error, EX_SOFTWARE),
      onReloaded: (reloaded) => log.configure(reloaded.log),
      logLinesDropped: log.dropped,
      alsoTo: (sink) => {
        counted = sink;
      },
    }),
  );
}

process.exit(await main(process.argv.slice(2)));
