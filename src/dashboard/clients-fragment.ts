import { formatSize } from '../lib/size.ts';
import type { ClientActivity } from './activity.ts';
import { foreign, type Html, html } from './html.ts';
import type { Snapshot } from './snapshot.ts';
import { ago, number, state } from './words.ts';

const rowsMax = 200;

/** Who hands mail in; those who did lately first. */
export function clientsFragment({ clients, nowMs }: Snapshot): Html {
  if (clients.size === 0) return html`<p class="empty">No clients are configured.</p>`;
  const rows = [...clients].toSorted(
    ([a, one], [b, other]) => (other?.messages ?? 0) - (one?.messages ?? 0) || (a < b ? -1 : 1),
  );
  const shown = rows.slice(0, rowsMax).map(([name, seen]) => row(name, seen, nowMs));
  const rest = rows.length - rowsMax;
  return html`<table class="cards"><caption class="vh">Clients and what they sent in the last day</caption>
<thead><tr><th scope="col">Client</th><th scope="col" class="num">Last hour</th>
<th scope="col" class="num">24 h</th><th scope="col" class="num">Recipients</th>
<th scope="col" class="num">Size</th><th scope="col" class="num">Refused</th>
<th scope="col" class="num">Wrong logins</th><th scope="col">Last</th></tr></thead>
<tbody>${shown}</tbody></table>
${rest > 0 ? html`<p class="muted">and ${rest} more that sent less</p>` : null}`;
}

function row(name: string, activity: ClientActivity | null, nowMs: number): Html {
  const { messages = 0, messagesLastHour = 0, recipients = 0, bytes = 0 } = activity ?? {};
  const { refused = 0, loginsFailed = 0, lastAtMs = null } = activity ?? {};
  const alarming = (value: number): Html | string =>
    value === 0 ? '0' : state('warn', number(value));
  return html`<tr data-key="client-${name}">
<th scope="row"><a href="/search?client=${encodeURIComponent(name)}">${foreign(name)}</a></th>
<td data-label="Last hour" class="num">${number(messagesLastHour)}</td>
<td data-label="24 h" class="num">${number(messages)}</td>
<td data-label="Recipients" class="num">${number(recipients)}</td>
<td data-label="Size" class="num">${formatSize(bytes)}</td>
<td data-label="Refused" class="num">${alarming(refused)}</td>
<td data-label="Wrong logins" class="num">${alarming(loginsFailed)}</td>
<td data-label="Last">${lastAtMs === null ? never : ago(lastAtMs, nowMs)}</td></tr>`;
}

const never = html`<span class="muted">nothing since the start</span>`;
