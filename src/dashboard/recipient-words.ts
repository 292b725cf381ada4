import type { StatusReport } from '../control/reports.ts';
import type { QueuedRecipient, RecipientState } from '../relay/queue.ts';
import { type Html, html } from './html.ts';
import { state, type Tone, until } from './words.ts';

const TONES: Readonly<Record<RecipientState, Tone>> = {
  waiting: 'off',
  leased: 'busy',
  'in-doubt': 'warn',
  held: 'warn',
  quarantined: 'bad',
};

/** A lease is how the queue says that an attempt is under way. */
export function recipientState(is: RecipientState): Html {
  return state(TONES[is], is === 'leased' ? 'sending' : is.replace('-', ' '));
}

/** When the first of these recipients goes, or what has to happen before. */
export function nextTry(
  recipients: readonly QueuedRecipient[],
  { accounts, pause, nowMs }: Pick<StatusReport, 'accounts' | 'pause' | 'nowMs'>,
): Html {
  const waiting = recipients.filter((one) => one.state === 'waiting' || one.state === 'in-doubt');
  if (waiting.length === 0) return html`&ndash;`;
  const from = waiting.map(({ lane, dueAtMs }) => {
    const stopped = accounts.find(({ name }) => name === lane)?.state;
    if (stopped?.is === 'held') return Number.POSITIVE_INFINITY;
    return stopped?.is === 'paused' ? Math.max(dueAtMs, stopped.untilMs) : dueAtMs;
  });
  const earliest = Math.min(...from);
  if (earliest === Number.POSITIVE_INFINITY) return html`account held`;
  if (pause?.untilMs === null) return html`all paused`;
  return until(Math.max(earliest, pause?.untilMs ?? 0), nowMs);
}
