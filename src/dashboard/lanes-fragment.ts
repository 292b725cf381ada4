import type { AccountReport, QuotaReport } from '../control/reports.ts';
import { button } from './buttons.ts';
import { foreign, type Html, html } from './html.ts';
import { isBusy, oldestIn, recipientsIn, type Snapshot } from './snapshot.ts';
import { ago, count, number, rate, state, until } from './words.ts';

/** Every account with its lane; mail without one comes last. */
export function lanesFragment(snapshot: Snapshot): Html {
  const { status, mayAct } = snapshot;
  const homeless = status.queue.filter(({ lane }) => lane === null);
  if (status.accounts.length === 0 && homeless.length === 0) {
    return html`<p class="empty">No accounts are configured.</p>`;
  }
  return html`<table class="cards">
<caption class="vh">Accounts: state, rate, what waits, quota and the last reply</caption>
<thead><tr><th scope="col">Account</th><th scope="col">State</th><th scope="col" class="num">Rate</th>
<th scope="col" class="num">Waiting</th><th scope="col" class="num">Oldest</th>
<th scope="col">Quota</th><th scope="col">Last reply</th>
${mayAct ? html`<th scope="col"><span class="vh">Actions</span></th>` : null}</tr></thead>
<tbody>${status.accounts.map((account) => laneRow(account, snapshot))}
${homeless.length === 0 ? null : homelessRow(snapshot)}</tbody>
</table>`;
}

function laneRow(account: AccountReport, snapshot: Snapshot): Html {
  const { nowMs, mayAct } = snapshot;
  const { name, provider, host } = account;
  const waiting = recipientsIn(account.queue);
  const oldest = oldestIn(account.queue);
  const link = html`<a href="/queue?account=${encodeURIComponent(name)}">${foreign(name)}</a>`;
  return html`<tr data-key="lane-${name}"><th scope="row">${link} <small>${provider ?? host}</small></th>
<td data-label="State">${laneState(account, snapshot)}</td>
<td data-label="Rate" class="num">${rateOf(account, snapshot)}</td>
<td data-label="Waiting" class="num">${number(waiting)}${stopped(account)}</td>
<td data-label="Oldest" class="num">${oldest === null ? '–' : ago(oldest, nowMs)}</td>
<td data-label="Quota">${quota(account, nowMs)}</td>
<td data-label="Last reply">${lastReply(account, snapshot)}</td>
${mayAct ? html`<td data-label="Actions" class="acts">${actions(account)}</td>` : null}</tr>`;
}

function laneState(account: AccountReport, snapshot: Snapshot): Html {
  const now = account.state;
  const { nowMs } = snapshot;
  if (now.is === 'held')
    return html`${state('bad', 'held')} <small>${ago(now.sinceMs, nowMs)}</small>`;
  if (now.is === 'paused') {
    return html`${state('warn', 'paused')} <small>tries ${until(now.untilMs, nowMs)}</small>`;
  }
  if (snapshot.status.pause !== null) return state('warn', 'all paused');
  if (isBusy(snapshot, account)) return state('busy', 'sending');
  return recipientsIn(account.queue) === 0 ? state('ok', 'ready') : state('ok', 'waiting');
}

function rateOf({ name, pacePerSecond, connections }: AccountReport, { flows }: Snapshot): Html {
  const perSecond = flows[name]?.delivered.perSecond ?? 0;
  const pace = pacePerSecond === null ? '' : `, slowed to ${rate(pacePerSecond)}`;
  return html`${rate(perSecond)} <small>${connections.open} of ${connections.now} open${pace}</small>`;
}

/** Of what waits, what does not go by itself. */
function stopped({ queue }: AccountReport): Html | null {
  const held = recipientsIn(queue, 'held', 'quarantined');
  const doubt = recipientsIn(queue, 'in-doubt');
  const parts = [
    ...(held > 0 ? [`${number(held)} held`] : []),
    ...(doubt > 0 ? [`${number(doubt)} in doubt`] : []),
  ];
  return parts.length === 0 ? null : html` <small>${parts.join(', ')}</small>`;
}

function quota({ quota: windows, outAtMs }: AccountReport, nowMs: number): Html {
  if (windows.length === 0) return html`<span class="muted">no limit</span>`;
  const out =
    outAtMs === null || outAtMs - nowMs < 60_000
      ? null
      : html` <small>all out ${until(outAtMs, nowMs)}</small>`;
  return html`${windows.map(quotaBar)}${out}`;
}

function quotaBar({ rate: limit, used }: QuotaReport): Html {
  const max = Number(/^\d+/.exec(limit)?.[0] ?? 0);
  const text = `${number(used)} of ${limit}`;
  return html`<span class="quota"><meter min="0" max="${max}" high="${Math.round(max * 0.8)}" optimum="0"
value="${Math.min(used, max)}" aria-label="${text}"></meter> <span>${text}</span></span>`;
}

function lastReply({ name, lastDeliveredAtMs }: AccountReport, snapshot: Snapshot): Html {
  const { nowMs, lastReplies } = snapshot;
  const last = lastReplies.get(name);
  if (last === undefined) {
    return lastDeliveredAtMs === null
      ? html`<span class="muted">none since the start</span>`
      : html`delivered ${ago(lastDeliveredAtMs, nowMs)}`;
  }
  return html`${foreign(last.text, 200)} <small>${ago(last.atMs, nowMs)}</small>`;
}

function actions({ name, state: now, heldSenders, queue }: AccountReport): Html[] {
  const target = { account: name };
  const stopped = now.is !== 'open' || heldSenders.length > 0;
  const held = recipientsIn(queue, 'held');
  return [
    ...(stopped ? [button('resume', target)] : [button('hold', target)]),
    ...(recipientsIn(queue, 'waiting') > 0 ? [button('flush', target)] : []),
    ...(held > 0 ? [button('release', target, `Release ${count(held, 'recipient')}`)] : []),
    button('test', target),
  ];
}

function homelessRow({ status, nowMs, mayAct }: Snapshot): Html {
  const queue = status.queue.filter(({ lane }) => lane === null);
  const oldest = oldestIn(queue);
  return html`<tr data-key="lane"><th scope="row">no account</th>
<td data-label="State">${state('bad', 'held')}</td><td class="num" data-label="Rate">&ndash;</td>
<td class="num" data-label="Waiting">${number(recipientsIn(queue))}</td>
<td class="num" data-label="Oldest">${oldest === null ? '–' : ago(oldest, nowMs)}</td>
<td data-label="Quota">&ndash;</td><td data-label="Last reply">No route takes it any more.</td>
${mayAct ? html`<td></td>` : null}</tr>`;
}
