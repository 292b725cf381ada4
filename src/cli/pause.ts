import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, onAction } from './command.ts';
import { age, instant } from './words.ts';

/** `relayctl pause` and `relayctl resume` */
export function addPause(program: Command, context: Context): void {
  const pause = program
    .command('pause')
    .description('stop all delivery; mail is still taken, and waits')
    .option('--reason <text>', 'why, as everybody who looks will see it', 'paused by an operator')
    .option('--for <duration>', 'go on by itself after this time, for example 30m', readSpan);
  annotate(pause, {
    examples: [
      ['pause --reason "new firewall" --for 30m', 'Attempts that run are finished.'],
      ['pause', 'Until relayctl resume, also over a restart.'],
    ],
    json: '{was: {reason, sinceMs, untilMs} | null, now: {reason, sinceMs, untilMs}}',
  });
  onAction(pause, context, async ({ ask, options, print }) => {
    const forMs = typeof options.for === 'number' ? options.for : null;
    const answer = await ask('relay.pause', { reason: String(options.reason), forMs });
    const { untilMs } = answer.now;
    const end = untilMs === null ? 'until relayctl resume' : `until ${instant(untilMs)}`;
    print(answer, () => `All delivery is paused ${end}. Mail is still taken.\n`);
    return EX_OK;
  });
  const resume = program.command('resume').description('let delivery go on after pause');
  annotate(resume, {
    examples: [['resume', 'What has waited goes at the pace of each account.']],
    json: '{was: {reason, sinceMs, untilMs} | null}',
  });
  onAction(resume, context, async ({ ask, io, print }) => {
    const answer = await ask('relay.resume', {});
    const { was } = answer;
    print(answer, () =>
      was === null
        ? 'Delivery was not paused. For one account: relayctl account resume NAME\n'
        : `Delivery goes on; it was paused for ${age(was.sinceMs, io.nowMs())} (${printable(was.reason)}).\n`,
    );
    return EX_OK;
  });
}
