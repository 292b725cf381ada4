import type { AccountDetail, AccountReport } from '../control/reports.ts';
import { formatAge } from '../lib/duration.ts';
import { button } from './buttons.ts';
import type { Html } from './html.ts';
import { recipientsIn, type Snapshot } from './snapshot.ts';
import { count, daysLeft, whyStopped } from './words.ts';

/** Something that a person should look at. */
export interface Trouble {
  readonly tone: 'bad' | 'warn';
  readonly what: string;
  /** From outside: a reply or the words of an operator. */
  readonly detail?: string;
  readonly hint?: string | null;
  readonly action?: Html;
}

/** Mail that has waited so long deserves a look. */
const longWaitMs = 4 * 3_600_000;
const dayMs = 86_400_000;
/** An exception that ends sooner is announced; as certificates are. */
const exceptionDays = 14;

/** All that is wrong, the worst first; empty: all is well. */
export function troublesOf(snapshot: Snapshot): Trouble[] {
  const { status } = snapshot;
  const all = [
    ...relayTroubles(snapshot),
    ...status.accounts.flatMap((account) => accountTroubles(account, snapshot.nowMs)),
    ...[...snapshot.details.values()].flatMap((detail) => endings(detail, snapshot.nowMs)),
    ...queueTroubles(snapshot),
  ];
  return all.toSorted((a, b) => (a.tone === b.tone ? 0 : a.tone === 'bad' ? -1 : 1));
}

function relayTroubles({ status, nowMs }: Snapshot): Trouble[] {
  const { state, pause, drain = null, refusedReload } = status;
  const troubles: Trouble[] = [];
  if (state === 'stopping') troubles.push({ tone: 'warn', what: 'relayd is stopping' });
  if (pause !== null) {
    const end = pause.untilMs === null ? '' : `, for another ${formatAge(pause.untilMs - nowMs)}`;
    const what = `All delivery is paused${end}`;
    const action = button('resume-relay', null);
    const hint = 'Mail is taken and waits until somebody resumes delivery.';
    troubles.push({ tone: 'warn', what, detail: pause.reason, hint, action });
  }
  if (drain !== null) {
    const what = 'No mail is taken: relayd is drained for maintenance';
    const hint = 'What is here goes out. relayctl undrain lets mail in again.';
    troubles.push({ tone: 'warn', what, detail: drain.reason, hint });
  }
  if (refusedReload !== null) {
    troubles.push({
      tone: 'warn',
      what: 'The last reload was refused; the former configuration is in force',
      detail: refusedReload.problems.slice(0, 3).join('; '),
      hint: 'relayctl config check names every problem with its line.',
    });
  }
  return troubles;
}

function accountTroubles({ name, state, heldSenders }: AccountReport, nowMs: number): Trouble[] {
  const senders = heldSenders.map(({ sender, detail, hint }): Trouble => {
    const what = `${name} may not send as ${sender}`;
    return { tone: 'bad', what, detail, hint, action: button('resume', { account: name }) };
  });
  if (state.is === 'open') return senders;
  const { hint = null } = state;
  const detail = whyStopped(state);
  const action = button('resume', { account: name });
  const for_ = formatAge(nowMs - state.sinceMs);
  const own: Trouble =
    state.is === 'held'
      ? { tone: 'bad', what: `${name} is held for ${for_}`, detail, hint, action }
      : { tone: 'warn', what: pausedText(name, state.untilMs - nowMs), detail, hint, action };
  return [own, ...senders];
}

function pausedText(name: string, leftMs: number): string {
  return `${name} is paused, tries again ${leftMs < 1_000 ? 'now' : `in ${formatAge(leftMs)}`}`;
}

/** Certificates and exceptions whose end is near. */
function endings({ account, certificate, exception }: AccountDetail, nowMs: number): Trouble[] {
  const troubles: Trouble[] = [];
  if (certificate !== null) {
    const { text, tone } = daysLeft(certificate.validToMs, nowMs);
    if (tone === 'bad' || tone === 'warn') {
      const what = `The certificate of ${account.host}: ${text}`;
      const hint = `Its owner has to renew it; until then ${account.name} works as its tls settings allow.`;
      troubles.push({ tone, what, hint });
    }
  }
  if (exception !== null && exception.untilMs - nowMs < exceptionDays * dayMs) {
    const { text } = daysLeft(exception.untilMs, nowMs);
    const what = `The certificate exception of ${account.name}: ${text}`;
    troubles.push({
      tone: exception.untilMs <= nowMs ? 'bad' : 'warn',
      what,
      detail: exception.reason,
    });
  }
  return troubles;
}

function queueTroubles({ status, nowMs }: Snapshot): Trouble[] {
  const { queue } = status;
  const troubles: Trouble[] = [];
  const kept = (state: 'held' | 'quarantined' | 'in-doubt') => recipientsIn(queue, state);
  if (kept('quarantined') > 0) {
    const what = `${count(kept('quarantined'), 'recipient')} cannot be read and were set aside`;
    troubles.push({ tone: 'bad', what, hint: 'See quarantined in docs/operate.md.' });
  }
  if (kept('in-doubt') > 0) {
    const what = `${count(kept('in-doubt'), 'recipient')} in doubt`;
    const hint = 'The final dot went out and no reply came: they may have arrived.';
    troubles.push({ tone: 'warn', what, hint });
  }
  if (kept('held') > 0) {
    const what = `${count(kept('held'), 'recipient')} held`;
    troubles.push({
      tone: 'warn',
      what,
      hint: 'Held mail goes nowhere until somebody releases it.',
    });
  }
  for (const { lane, state, oldestAcceptedAtMs } of queue) {
    if (state !== 'waiting' || nowMs - oldestAcceptedAtMs < longWaitMs) continue;
    const what = `The oldest mail of ${lane ?? 'no account'} has waited ${formatAge(nowMs - oldestAcceptedAtMs)}`;
    troubles.push({ tone: 'warn', what });
  }
  return troubles;
}
