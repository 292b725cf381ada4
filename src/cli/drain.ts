import type { Command } from 'commander';
import type { StatusReport } from '../control/reports.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_TEMPFAIL } from '../lib/sysexits.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { recipientsIn } from './queue-counts.ts';
import { count } from './text.ts';
import { age, instant } from './words.ts';

/** `relayctl drain` and `relayctl undrain` */
export function addDrain(program: Command, context: Context): void {
  const drain = program
    .command('drain')
    .description('take no more mail before a maintenance; what is in the queue still goes')
    .option('--reason <text>', 'why, as everybody who looks will see it', 'drained by an operator')
    .option('--for <duration>', 'take mail again by itself after this time', readSpan)
    .option(
      '--wait <duration>',
      'wait this long at most until nothing moves; 75 when it does',
      readSpan,
    );
  annotate(drain, {
    examples: [
      ['drain --reason "new disk" --for 30m --wait 2m', 'Clients get 421 and keep their mail.'],
      ['drain', 'Until relayctl undrain, or a restart.'],
    ],
    json: '{now: {reason, sinceMs, untilMs}, quiet, sessions, sending, due, waiting}',
  });
  onAction(drain, context, async (invocation) => {
    const { ask, io, options, print } = invocation;
    const forMs = typeof options.for === 'number' ? options.for : null;
    const answer = await ask('relay.drain', { reason: String(options.reason), forMs });
    const waitMs = typeof options.wait === 'number' ? options.wait : 0;
    const rest = await untilQuiet(invocation, io.nowMs() + waitMs);
    const { untilMs } = answer.now;
    const end = untilMs === null ? 'until relayctl undrain' : `until ${instant(untilMs)}`;
    print({ ...answer, ...rest }, () => `No mail is taken ${end}.\n${restText(rest)}`);
    return rest.quiet || waitMs === 0 ? EX_OK : EX_TEMPFAIL;
  });
  const undrain = program.command('undrain').description('take mail again after drain');
  annotate(undrain, {
    examples: [['undrain', 'A restart does the same.']],
    json: '{was: {reason, sinceMs, untilMs} | null}',
  });
  onAction(undrain, context, async ({ ask, io, print }) => {
    const answer = await ask('relay.undrain', {});
    const { was } = answer;
    print(answer, () =>
      was === null
        ? 'Mail was being taken already.\n'
        : `Mail is taken again; it was not for ${age(was.sinceMs, io.nowMs())} (${printable(was.reason)}).\n`,
    );
    return EX_OK;
  });
}

/** What still moves, and what stays in the queue. */
interface Rest {
  readonly quiet: boolean;
  readonly sessions: number;
  /** Recipients with an attempt under way, due now, and waiting for later. */
  readonly sending: number;
  readonly due: number;
  readonly waiting: number;
}

const lookEveryMs = 500;

async function untilQuiet({ ask, io }: Invocation, endMs: number): Promise<Rest> {
  for (;;) {
    const rest = restOf(await ask('status', {}));
    if (rest.quiet || io.nowMs() >= endMs) return rest;
    await io.pause(lookEveryMs);
  }
}

function restOf({ listeners, queue, accounts, pause, nowMs }: StatusReport): Rest {
  const of = (state: string) => queue.filter((lane) => lane.state === state);
  const open = accounts.filter(({ state }) => pause === null && state.is === 'open');
  const works = new Set<string | null>(open.map(({ name }) => name));
  const sessions = listeners.reduce((sum, listener) => sum + listener.sessions, 0);
  const sending = recipientsIn(of('leased'));
  const isDue = (atMs: number | null): boolean => atMs !== null && atMs <= nowMs;
  const due = recipientsIn(
    of('waiting').filter(({ lane, nextDueAtMs }) => works.has(lane) && isDue(nextDueAtMs)),
  );
  const waiting = recipientsIn([...of('waiting'), ...of('in-doubt'), ...of('held')]) - due;
  return { quiet: sessions + sending + due === 0, sessions, sending, due, waiting };
}

function restText({ quiet, sessions, sending, due, waiting }: Rest): string {
  const stay =
    waiting === 0 ? 'the queue is empty' : `${count(waiting, 'recipient')} wait for later`;
  if (quiet) return `Nothing moves: ${stay}. The relay may be stopped.\n`;
  return (
    `Still moving: ${count(sessions, 'session')}, ${sending} being sent, ${due} due; ` +
    'relayctl drain --wait 2m looks again.\n'
  );
}
