import { formatAge } from '../lib/duration.ts';
import { foreign, type Html, hint, html } from './html.ts';
import { oldestIn, recipientsIn, type Snapshot } from './snapshot.ts';
import { type Trouble, troublesOf } from './troubles.ts';
import { count, number, took } from './words.ts';

/** So many are listed; the rest is a number. */
const troublesMax = 12;

/** Is all well, in one line of words; then what is not, and the numbers that matter. */
export function statusFragment(snapshot: Snapshot): Html {
  const troubles = troublesOf(snapshot);
  const rest = troubles.length - troublesMax;
  const list = troubles.slice(0, troublesMax).map((one) => troubleItem(one, snapshot.mayAct));
  return html`${verdict(snapshot, troubles)}
${list.length === 0 ? null : html`<ul class="troubles">${list}</ul>`}
${rest > 0 ? html`<p class="muted">and ${rest} more</p>` : null}
${facts(snapshot)}`;
}

function verdict(snapshot: Snapshot, troubles: readonly Trouble[]): Html {
  const bad = troubles.filter(({ tone }) => tone === 'bad').length;
  const tone = bad > 0 ? 'bad' : troubles.length > 0 ? 'warn' : 'ok';
  const things = bad > 0 ? bad : troubles.length;
  const looked = bad > 0 ? `${things === 1 ? 'needs' : 'need'} you` : 'to look at';
  const text = tone === 'ok' ? 'All is well.' : `${count(things, 'thing')} ${looked}.`;
  // Only the verdict is read aloud when it changes: the numbers beside it change all the time.
  return html`<div class="verdict verdict-${tone}"><p role="status">${text}</p>
<p class="muted">${aside(snapshot)}</p></div>`;
}

/** `12 accounts, nothing waits` */
function aside({ status }: Snapshot): string {
  const { accounts, queue } = status;
  const working = accounts.filter((account) => account.state.is === 'open').length;
  const all =
    working === accounts.length
      ? `${count(working, 'account')} working`
      : `${working} of ${count(accounts.length, 'account')} working`;
  const waiting = recipientsIn(queue, 'waiting', 'leased', 'in-doubt');
  return `${all}, ${waiting === 0 ? 'nothing waits' : `${count(waiting, 'recipient')} on the way`}.`;
}

function troubleItem(trouble: Trouble, mayAct: boolean): Html {
  const { tone, what, detail = '', hint: advice = null, action = null } = trouble;
  return html`<li class="${tone}"><b>${foreign(what)}</b> ${detail === '' ? null : foreign(detail)}
${advice === null || advice === '' ? null : hint(advice)} ${mayAct ? action : null}</li>`;
}

function facts({ status, hour, day, nowMs }: Snapshot): Html {
  const { queue } = status;
  const waiting = queue.filter(({ state }) => state === 'waiting' || state === 'leased');
  const oldest = oldestIn(waiting);
  const age = oldest === null ? 'nothing' : `oldest ${formatAge(nowMs - oldest)}`;
  const delay = (ms: number | null): string => (ms === null ? '–' : took(ms));
  const rows: readonly (readonly [string, string, string])[] = [
    ['Waiting', number(recipientsIn(waiting)), age],
    ['Accepted, last hour', number(hour.accepted), `${number(day.accepted)} in 24 h`],
    ['Delivered, last hour', number(hour.delivered), `${number(day.delivered)} in 24 h`],
    ['Deferred, last hour', number(hour.deferred), `${number(day.deferred)} in 24 h`],
    ['Bounced, last hour', number(hour.failed), `${number(day.failed)} in 24 h`],
    ['Delay, last hour', delay(hour.delayP50Ms), `median; ${delay(day.delayP50Ms)} in 24 h`],
  ];
  const cells = rows.map(
    ([title, value, more]) => html`<div><dt>${title}</dt>
<dd>${value} <small>${more}</small></dd></div>`,
  );
  return html`<dl class="facts" aria-label="The last hour">${cells}</dl>`;
}
