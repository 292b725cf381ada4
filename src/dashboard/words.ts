import { formatAge } from '../lib/duration.ts';
import type { AccountState } from '../relay/account.ts';
import type { ReasonClass } from '../relay/outcome.ts';
import { type Html, html } from './html.ts';

/** How pages write numbers, times and states. Colours never stand alone: the word is always there. */

export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'off';

export function state(tone: Tone, word: string): Html {
  return html`<span class="state ${tone}">${word}</span>`;
}

/** `1,204` */
export function number(value: number): string {
  return value.toLocaleString('en');
}

/** `1 message`, `3 messages` */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `3m12s ago`, with the instant for whoever wants it. */
export function ago(atMs: number, nowMs: number): Html {
  return time(atMs, `${formatAge(nowMs - atMs)} ago`);
}

/** `in 4m`; `now` for what is due. */
export function until(atMs: number, nowMs: number): Html {
  return time(atMs, atMs - nowMs < 1_000 ? 'now' : `in ${formatAge(atMs - nowMs)}`);
}

/** `2026-11-21 14:03:07 UTC` */
export function instant(atMs: number): Html {
  return time(atMs, `${isoText(atMs).slice(0, 19).replace('T', ' ')} UTC`);
}

/** `2026-11-21` */
export function day(atMs: number): Html {
  return time(atMs, isoText(atMs).slice(0, 10));
}

function time(atMs: number, text: string): Html {
  return html`<time datetime="${isoText(atMs)}">${text}</time>`;
}

/** A stored instant that is none must not take the page down. */
function isoText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** `240 ms`, `1.8 s`, `3m12s` */
export function took(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  return durationMs < 60_000 ? `${(durationMs / 1000).toFixed(1)} s` : formatAge(durationMs);
}

/** `2.4/s`, `12/min`, `none` */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${Math.ceil(perSecond * 60)}/min`;
}

/** `21 days left`, `ended 3d ago` */
export function daysLeft(
  endMs: number,
  nowMs: number,
): { readonly text: string; readonly tone: Tone } {
  const days = Math.floor((endMs - nowMs) / 86_400_000);
  if (endMs <= nowMs) return { text: `ended ${formatAge(nowMs - endMs)} ago`, tone: 'bad' };
  const tone = days < 7 ? 'bad' : days < 21 ? 'warn' : 'ok';
  return { text: `${count(days, 'day')} left`, tone };
}

/** What stands in the way of an account, in one line; '' for an open one. */
export function whyStopped(stopped: AccountState): string {
  if (stopped.is === 'open') return '';
  return stopped.detail === '' ? stopped.reason : stopped.detail;
}

/** What is meant by each class of causes. */
export function reasonText(reason: string): string {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as ReasonClass] : reason;
}

const REASONS: Readonly<Record<ReasonClass, string>> = {
  ok: 'None',
  recipient: 'Recipient refused',
  content: 'Message refused',
  sender: 'Sender not allowed',
  credentials: 'Login refused',
  quota: "Provider's limit",
  suspended: 'Account suspended',
  refusals: 'Same refusal again and again',
  throttled: 'Too fast',
  upstream: 'Provider unwell',
  network: 'No connection',
  tls: 'TLS or certificate',
  'in-doubt': 'In doubt',
  expired: 'Lifetime over',
  capability: 'Not supported upstream',
  'no-route': 'No route',
  suppressed: 'On the suppression list',
  operator: 'Stopped by an operator',
  internal: 'Fault of relayd',
};
