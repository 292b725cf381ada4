import { Argument, type Command } from 'commander';
import type { LogLevelReport } from '../control/steering-reports.ts';
import { LOG_LEVELS } from '../control/steering-wire.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { instant } from './words.ts';

/** `relayctl loglevel` */
export function addLogLevel(program: Command, context: Context): void {
  const command = program
    .command('loglevel')
    .description('show or change the level of the log while relayd runs')
    .addArgument(
      new Argument('[level]', 'the new level; default is that of relay.yaml').choices(LOG_LEVELS),
    )
    .option('--for <duration>', 'then back to log.level of relay.yaml', readSpan);
  annotate(command, {
    examples: [
      ['loglevel debug --for 10m', 'Attempts and connections are logged for a while.'],
      ['loglevel default', 'Back to what relay.yaml says.'],
    ],
    json: '{level, configured, untilMs: number | null}',
  });
  onAction(command, context, async ({ args, ask, options, print }) => {
    const level = (args[0] as (typeof LOG_LEVELS)[number] | undefined) ?? null;
    const forMs = typeof options.for === 'number' ? options.for : null;
    if (forMs !== null && (level === null || level === 'default')) {
      throw new Failure('usage', EX_USAGE, '--for needs a level that is to end');
    }
    const report = await ask('log.level', { level, forMs });
    print(report, () => sentence(report));
    return EX_OK;
  });
}

function sentence({ level, configured, untilMs }: LogLevelReport): string {
  if (untilMs !== null) {
    return `The log has level ${level} until ${instant(untilMs)}, then ${configured}.\n`;
  }
  const rest = level === configured ? '' : ` until the next start; relay.yaml says ${configured}`;
  return `The log has level ${level}${rest}.\n`;
}
