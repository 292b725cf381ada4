import { Command, CommanderError } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import { packageVersion } from '../lib/version.ts';
import { addAccount } from './account.ts';
import { addAlert } from './alert.ts';
import { addBackup } from './backup.ts';
import { addClient } from './client.ts';
import { annotate, type Context } from './command.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import { addDomain } from './domain.ts';
import { addDrain } from './drain.ts';
import { addEvidence } from './evidence.ts';
import { type AnyFailure, isFailure } from './failure.ts';
import { addFeedback } from './feedback.ts';
import { addHelp } from './help.ts';
import { addHold } from './hold.ts';
import { addImport } from './import.ts';
import { addInit } from './init.ts';
import type { Io } from './io.ts';
import { addLog } from './log.ts';
import { addLogLevel } from './log-level.ts';
import { addPause } from './pause.ts';
import { addProvider } from './provider.ts';
import { addQueue } from './queue.ts';
import { addReply } from './reply.ts';
import { addRoute } from './route.ts';
import { addSelftest } from './selftest.ts';
import { addSendTest } from './send-test.ts';
import { addStats } from './stats.ts';
import { addStatus } from './status.ts';
import { addSuppression } from './suppression.ts';
import { jsonLine, printableText } from './text.ts';
import { addTop } from './top.ts';
import { addTrace } from './trace.ts';
import { addUpstream } from './upstream.ts';

/** The whole command tree; `scripts` make the man page from it. */
export function buildProgram(context: Context): Command {
  const { io } = context;
  const program = new Command('relayctl')
    .description('See and steer a running relayd.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option(
      '--config <file>',
      'configuration file (default: $RELAYD_CONFIG, else /etc/relayd/relay.yaml)',
    )
    .option('--socket <path>', 'control socket (default: control.socket of the configuration file)')
    .option('--json', 'print one line of JSON instead of text')
    .helpOption('-h, --help', 'print help for a command')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => Math.min(io.columns, 100),
      getErrHelpWidth: () => Math.min(io.columns, 100),
      outputError: (text, write) => write(text.replace(/^error: /, 'relayctl: ')),
    })
    .showHelpAfterError('(add --help to the command to see how it is used)')
    .exitOverride();
  annotate(program, {
    examples: [
      ['status', 'How the relay is doing.'],
      ['queue list', 'What waits, why, and when it is tried next.'],
      ['account resume gmail', 'After its password was mended: everything goes.'],
      ['config check', 'Before a reload.'],
    ],
  });
  addStatus(program, context);
  addQueue(program, context);
  addHold(program, context);
  addPause(program, context);
  addDrain(program, context);
  addTop(program, context);
  addTrace(program, context);
  addLog(program, context);
  addEvidence(program, context);
  addSuppression(program, context);
  addFeedback(program, context);
  addAccount(program, context);
  addAlert(program, context);
  addRoute(program, context);
  addUpstream(program, context);
  addDomain(program, context);
  addProvider(program, context);
  addReply(program, context);
  addConfig(program, context);
  addInit(program, context);
  addClient(program, context);
  addImport(program, context);
  addBackup(program, context);
  addSelftest(program, context);
  addSendTest(program, context);
  addStats(program, context);
  addLogLevel(program, context);
  addCompletion(program, context);
  addHelp(program, context);
  return program;
}

/**
 * Runs one command line, given without the program's name. Returns the exit code; rejects for bugs
 * only.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const context: Context = { io: guarded(io), exitCode: EX_OK };
  try {
    await buildProgram(context).parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has printed what it has to say, help included.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EX_OK : EX_USAGE;
    if (!isFailure(error)) throw error;
    context.io.err(args.includes('--json') ? failureJson(error) : failureText(error));
    return error.exitCode;
  }
}

/** Whatever a command forgot: of all text only line ends and tabs steer a terminal. */
function guarded(io: Io): Io {
  return {
    ...io,
    out: (text) => io.out(printableText(text)),
    err: (text) => io.err(printableText(text)),
    confirm: (question) => io.confirm(printableText(question)),
    readLine: (question) => io.readLine(printableText(question)),
    readHidden: (question) => io.readHidden(printableText(question)),
  };
}

function failureText({ message }: AnyFailure): string {
  return message
    .split('\n')
    .map((line) => `relayctl: ${printable(line)}\n`)
    .join('');
}

function failureJson({ code, exitCode, message }: AnyFailure): string {
  return jsonLine({ error: { code, exitCode, message } });
}
