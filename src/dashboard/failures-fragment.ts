import { REASON_HINTS } from '../policy/reason-hints.ts';
import type { ReasonClass } from '../relay/outcome.ts';
import type { Failures, LastReply } from './activity.ts';
import { foreign, type Html, hint, html } from './html.ts';
import type { Snapshot } from './snapshot.ts';
import { ago, number, reasonText } from './words.ts';

const rowsMax = 50;

interface Row extends Pick<Failures, 'account' | 'reason' | 'deferred' | 'bounced'> {
  readonly waiting: number;
  readonly last: LastReply | null;
}

/** What was not delivered, by its cause: what waits of it, and the last day. */
export function failuresFragment(snapshot: Snapshot): Html {
  const rows = rowsOf(snapshot);
  if (rows.length === 0) {
    return html`<p class="empty">Nothing was deferred or bounced in the last day.</p>`;
  }
  const rest = rows.length - rowsMax;
  return html`<table class="cards">
<caption class="vh">Failures by reason and account, with what to do</caption>
<thead><tr><th scope="col">Reason</th><th scope="col">Account</th>
<th scope="col" class="num">Waiting</th><th scope="col" class="num">Deferred, 24 h</th>
<th scope="col" class="num">Bounced, 24 h</th><th scope="col">Last reply, and what to do</th></tr></thead>
<tbody>${rows.slice(0, rowsMax).map((row) => failureRow(row, snapshot.nowMs))}</tbody></table>
${rest > 0 ? html`<p class="muted">and ${rest} more</p>` : null}${counted(snapshot)}`;
}

/** Those with most mail first. */
function rowsOf({ failures, waits }: Snapshot): Row[] {
  const rows = new Map<string, Row>();
  const keyOf = (account: string | null, reason: string) => JSON.stringify([account, reason]);
  for (const one of failures) rows.set(keyOf(one.account, one.reason), { ...one, waiting: 0 });
  for (const { account, reason, recipients } of waits.rows) {
    if (reason === null || reason === 'ok') continue;
    const key = keyOf(account, reason);
    const known = rows.get(key) ?? { account, reason, deferred: 0, bounced: 0, last: null };
    rows.set(key, { ...known, waiting: recipients });
  }
  const weight = ({ waiting, bounced, deferred }: Row) => waiting + bounced + deferred;
  return [...rows.values()].toSorted((a, b) => weight(b) - weight(a));
}

function failureRow(
  { account, reason, waiting, deferred, bounced, last }: Row,
  nowMs: number,
): Html {
  const where = new URLSearchParams({ ...(account !== null && { account }), reason });
  const shown =
    waiting === 0 ? html`0` : html`<a href="/queue?${where.toString()}">${number(waiting)}</a>`;
  const advice = Object.hasOwn(REASON_HINTS, reason) ? REASON_HINTS[reason as ReasonClass] : null;
  return html`<tr data-key="failure-${reason}-${account}"><th scope="row">${reasonText(reason)}</th>
<td data-label="Account">${account === null ? '–' : foreign(account)}</td>
<td data-label="Waiting" class="num">${shown}</td>
<td data-label="Deferred, 24 h" class="num">${number(deferred)}</td>
<td data-label="Bounced, 24 h" class="num">${number(bounced)}</td>
<td data-label="Last reply">${last === null ? null : html`${foreign(last.text)} <small>${ago(last.atMs, nowMs)}</small>`}
${advice === null ? null : hint(advice)}</td></tr>`;
}

/** A long queue is not counted every second. */
function counted({ waits, nowMs }: Snapshot): Html | null {
  if (waits.atMs === null) return html`<p class="muted">What waits is being counted.</p>`;
  if (nowMs - waits.atMs < 60_000) return null;
  return html`<p class="muted">What waits was counted ${ago(waits.atMs, nowMs)}.</p>`;
}
