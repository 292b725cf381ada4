import type { FlushPlan, FlushPlanLane, FlushProgress } from '../control/steering-reports.ts';
import type { Answer } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { QueueFilter } from '../relay/queue.ts';
import { usage } from './account-table.ts';
import type { Invocation } from './command.ts';
import { Failure } from './failure.ts';
import { table } from './table.ts';
import { count, shorten } from './text.ts';
import { accountState, pauseText, until } from './words.ts';

const lookEveryMs = 1_000;
const barCells = 24;

/** `queue flush --plan`: what would happen, by account. Changes nothing. */
export async function showPlan(
  { ask, io, print }: Invocation,
  filters: readonly QueueFilter[],
  includeHeld: boolean,
): Promise<number> {
  const [filter] = filters;
  if (filter === undefined || filters.length > 1) {
    throw new Failure('usage', EX_USAGE, 'queue flush --plan takes filters or one message id');
  }
  const plan = await ask('queue.flush-plan', { filter, includeHeld });
  print(plan, () => planText(plan, io.columns, includeHeld));
  return EX_OK;
}

function planText(plan: FlushPlan, columns: number, includeHeld: boolean): string {
  const { nowMs, lanes } = plan;
  if (lanes.length === 0) {
    const hint = includeHeld ? '' : ' What is held moves only with --include-held.';
    return `Nothing waits that a flush would move.${hint}\n`;
  }
  const head = [
    { title: 'ACCOUNT', shrinkTo: 10 },
    { title: 'STATE', shrinkTo: 6 },
    { title: 'GOES', align: 'right' as const },
    { title: 'QUOTA LEFT', align: 'right' as const },
    { title: 'USED', shrinkTo: 8 },
    { title: 'RATE', align: 'right' as const },
    { title: 'OUT', shrinkTo: 8 },
    { title: 'TOO OLD', align: 'right' as const },
  ];
  const cells = lanes.map((lane) => [
    lane.account === null ? '(by the routes)' : printable(lane.account),
    lane.state === null ? 'not configured' : accountState(lane.state, nowMs),
    String(lane.recipients),
    lane.quotaLeft === null ? '-' : String(lane.quotaLeft),
    usage(lane.quota),
    lane.perSecond === null ? '-' : `${lane.perSecond.toFixed(1)}/s`,
    outText(lane, nowMs, includeHeld),
    lane.tooOld === 0 ? '-' : String(lane.tooOld),
  ]);
  const sum = (of: (lane: FlushPlanLane) => number): number =>
    lanes.reduce((all, lane) => all + of(lane), 0);
  const [recipients, messages] = [sum((lane) => lane.recipients), sum((lane) => lane.messages)];
  const tooOld = sum((lane) => lane.tooOld);
  const late =
    tooOld === 0
      ? ''
      : `${count(tooOld, 'recipient')} too old to be useful: the lifetime ends within the hour or before ` +
        'the turn comes.\n';
  return (
    `${table(head, cells, columns)}\n` +
    `A flush would set in motion: ${count(recipients, 'recipient')} of ${count(messages, 'message')}. ` +
    `Nothing was changed.\n${late}${pauseText(plan.pause)}`
  );
}

function outText({ state, outAtMs }: FlushPlanLane, nowMs: number, includeHeld: boolean): string {
  if (state?.is === 'held' && !includeHeld) return 'held: stays';
  return outAtMs === null ? 'not known' : until(outAtMs, nowMs);
}

/**
 * The end of the work, or null when Ctrl-C came first: the daemon goes on with what it was asked, and
 * that is said. `left` tells the work that nobody looks on any more.
 */
export async function unlessLeft<T>(
  { io }: Pick<Invocation, 'io'>,
  work: (left: () => boolean) => Promise<T>,
): Promise<T | null> {
  // A script that is interrupted ends as any other.
  if (io.progress === null) return await work(() => false);
  const interrupted = Promise.withResolvers<null>();
  let isLeft = false;
  const stopListening = io.onInterrupt(() => {
    isLeft = true;
    interrupted.resolve(null);
  });
  const working = work(() => isLeft);
  try {
    const end = await Promise.race([working, interrupted.promise]);
    if (end !== null) return end;
    // Its connection is closed under it.
    working.catch(() => {});
    io.err('\nThe flush goes on; see it with relayctl top.\n');
    return null;
  } finally {
    stopListening();
  }
}

/** On a terminal: a bar until what was flushed has been tried, or Ctrl-C. */
export async function followFlush(
  invocation: Invocation,
  { flush, recipients, pause }: Answer<'queue.flush'>,
): Promise<void> {
  const { io, json, options } = invocation;
  const { progress } = io;
  if (flush === undefined || recipients === 0 || pause !== undefined) return;
  if (progress === null || json || options.wait === false) return;
  await unlessLeft(invocation, async (left) => {
    const end = await showProgress(invocation, { flush, progress, left });
    if (!left()) io.err(`\n${pauseText(end.pause)}`);
    return end;
  });
}

async function showProgress(
  { ask, io }: Invocation,
  on: { flush: number; progress: (line: string) => void; left: () => boolean },
): Promise<FlushProgress> {
  const width = Number.isFinite(io.columns) ? io.columns - 1 : 100;
  const begunMs = io.nowMs();
  for (;;) {
    const now = await ask('queue.flush-progress', { flush: on.flush });
    if (on.left()) return now;
    on.progress(shorten(bar(now, io.nowMs(), begunMs), width));
    if (now.tried >= now.recipients || now.done || now.pause !== null) return now;
    await io.pause(lookEveryMs);
  }
}

/** `[=====     ] 45% 4512 of 10000 tried: 4400 delivered, 112 deferred; 12.3/s` */
function bar(now: FlushProgress, nowMs: number, begunMs: number): string {
  const { recipients, tried, delivered, deferred, bounced, stopped } = now;
  const part = Math.min(1, tried / recipients);
  const cells = '='.repeat(Math.round(part * barCells)).padEnd(barCells);
  const counts = [`${delivered} delivered`];
  if (deferred > 0) counts.push(`${deferred} deferred`);
  if (bounced > 0) counts.push(`${bounced} bounced`);
  const rate = tried / Math.max(1, (nowMs - begunMs) / 1000);
  const waiting = stopped.map(
    ({ account, state }) => `; ${printable(account)} ${accountState(state, nowMs)}`,
  );
  const head = `[${cells}] ${Math.floor(part * 100)}% ${tried} of ${recipients} tried`;
  return `${head}: ${counts.join(', ')}; ${rate.toFixed(1)}/s${waiting.join('')}`;
}
