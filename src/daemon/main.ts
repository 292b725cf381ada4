import { fstatSync } from 'node:fs';
import { loadSettings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { EX_CANTCREAT, EX_CONFIG, EX_OK, EX_SOFTWARE, EX_USAGE } from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import { openBus } from '../observe/bus.ts';
import { type Log, openLog, stdoutIsJournal } from '../observe/log.ts';
import type { LogSettings } from '../relay/settings.ts';
import { readArguments, USAGE } from './arguments.ts';
import { createDaemon, warn } from './daemon.ts';
import { describeError } from './describe-error.ts';
import { fileModes } from './file-modes.ts';
import { type Lifecycle, openLifecycle } from './lifecycle.ts';
import { openLogLevel } from './log-level.ts';
import { openNotifier } from './notify.ts';
import { environmentFrom, tryQueue } from './preflight.ts';

const stdin = 0;
const stdout = 1;

/** As it was at the start, secrets included. */
const environment = { ...process.env };

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
      return withSettings(command.config, process.env, check);
    case 'preflight':
      return withSettings(command.config, environmentFrom(stdin, process.env), (loaded) => {
        check(loaded);
        return tryQueue(loaded.settings.queue.directory);
      });
    case 'run':
      return withSettings(command.config, process.env, (loaded) => run(loaded, command.log));
  }
}

type Loaded = Extract<Awaited<ReturnType<typeof loadSettings>>, { ok: true }>;

async function withSettings(
  config: string,
  environment: NodeJS.ProcessEnv,
  then: (loaded: Loaded) => Promise<number> | number,
): Promise<number> {
  const loaded = await loadSettings(config, environment);
  if (loaded.ok) {
    // What reads or inherits the environment from here on finds no secret in it; a reload does.
    for (const name of loaded.secretVariables) delete process.env[name];
    const { errors } = fileModes(loaded.settings);
    if (errors.length === 0) return then(loaded);
    for (const error of errors) process.stderr.write(`${error}\n`);
    return EX_CONFIG;
  }
  for (const problem of loaded.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  return EX_CONFIG;
}

function check(loaded: Loaded): number {
  for (const warning of loaded.warnings) process.stdout.write(`${formatProblem(warning)}\n`);
  process.stdout.write(`${loaded.settings.file}: no errors\n`);
  return EX_OK;
}

async function run({ settings, warnings }: Loaded, logFile: string | null): Promise<number> {
  process.title = 'relayd';
  const log = openLogAt(logFile, settings.log);
  if (log === null) return EX_CANTCREAT;
  const { emit, listen } = openBus((error) => lifecycle.fail('an event sink', error));
  listen(log.sink);
  const { configure } = log;
  const logLevel = openLogLevel({ settings: settings.log, configure, emit, clock: Date.now });
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
    reopenLog: () => {
      try {
        log.reopen();
      } catch (error) {
        emit({ is: 'log.not-reopened', file: logFile ?? '', detail: describeError(error) });
      }
    },
    elapsedMs: () => performance.now(),
    about: { version: packageVersion(), node: process.version, config: settings.file },
  });
  warn(emit, settings.file, warnings);
  for (const problem of fileModes(settings).warnings) {
    emit({ is: 'config.warning', file: settings.file, problem });
  }
  return lifecycle.run(
    createDaemon({
      settings,
      emit,
      environment,
      onDeath: (what, error) => lifecycle.fail(what, error, EX_SOFTWARE),
      onReloaded: (reloaded) => logLevel.follow(reloaded.log),
      logLevel,
      logLinesDropped: log.dropped,
      listen,
    }),
  );
}

/** Null: the file cannot be opened, which was said. */
function openLogAt(file: string | null, settings: LogSettings): Log | null {
  const journal = stdoutIsJournal(process.env.JOURNAL_STREAM, fstatSync(stdout));
  const how = { settings, nowMs: Date.now };
  if (file === null) return openLog({ ...how, destination: stdout, journal });
  try {
    return openLog({ ...how, destination: file, journal: false });
  } catch (error) {
    process.stderr.write(`relayd: cannot write the log to ${file}: ${describeError(error)}\n`);
    return null;
  }
}

process.exit(await main(process.argv.slice(2)));
