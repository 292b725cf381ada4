import type { StatusReport } from '../control/reports.ts';
import { formatAge } from '../lib/duration.ts';
import { formatSize } from '../lib/size.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import type { QueuePage, QueueRow } from '../relay/queue.ts';
import { RECIPIENT_STATES } from '../relay/queue.ts';
import { QUEUE_SORTS } from '../relay/queue-views.ts';
import { button } from './buttons.ts';
import { address, foreign, type Html, html } from './html.ts';
import { field } from './queries.ts';
import { nextTry, recipientState } from './recipient-words.ts';
import { recipientsIn } from './snapshot.ts';
import { count, number, reasonText } from './words.ts';

export interface QueueView {
  readonly query: URLSearchParams;
  readonly status: StatusReport;
  readonly clients: readonly string[];
  readonly page: QueuePage;
  readonly mayAct: boolean;
}

const SORT_TEXTS: Readonly<Record<(typeof QUEUE_SORTS)[number], string>> = {
  age: 'oldest first',
  due: 'next due first',
  size: 'largest first',
  attempts: 'most tried first',
  account: 'by account',
};

/** What waits, a page of it. */
export function queueMain(view: QueueView): Html {
  const { query, status, page } = view;
  const states = RECIPIENT_STATES.map(
    (state) => [state, recipientsIn(status.queue, state)] as const,
  )
    .filter(([, recipients]) => recipients > 0)
    .map(
      ([state, recipients]) =>
        html`<li><a href="/queue?state=${state}">${recipientState(state)} ${number(recipients)}</a></li>`,
    );
  return html`<section aria-labelledby="queue-h"><h1 id="queue-h">Queue
<small>${count(recipientsIn(status.queue), 'recipient')}</small></h1>
${states.length === 0 ? null : html`<ul class="chips" aria-label="By state">${states}</ul>`}
${filters(view)}
${page.rows.length === 0 ? html`<p class="empty">${emptyText(view)}</p>` : table(view)}
${pager(query, page)}</section>`;
}

function emptyText({ query, status }: QueueView): string {
  if (status.queue.length === 0) return 'Nothing waits.';
  return isFiltered(query) ? 'Nothing in the queue matches.' : 'Nothing waits.';
}

function filters({ query, status, clients }: QueueView): Html {
  const names = status.accounts.map(({ name }) => name);
  const same = (text: string): string => text;
  return html`<form class="filters" method="get" action="/queue" role="search" aria-label="Filter the queue">
${select(query, { name: 'account', label: 'Account', options: names, text: same })}
${select(query, { name: 'state', label: 'State', options: RECIPIENT_STATES, text: stateText })}
${select(query, { name: 'reason', label: 'Reason', options: REASON_CLASSES, text: reasonText })}
${select(query, { name: 'client', label: 'Client', options: clients, text: same })}
${input(query, 'from', 'Sender', 'address or @domain')}
${input(query, 'to', 'Recipient', 'address or @domain')}
${input(query, 'older', 'Older than', '2h')}
${select(query, { name: 'sort', label: 'Order', options: QUEUE_SORTS, text: (sort) => SORT_TEXTS[sort] })}
<button type="submit">Filter</button> ${isFiltered(query) ? html`<a href="/queue">Show all</a>` : null}</form>`;
}

/** A form that was left empty still has all its fields. */
function isFiltered(query: URLSearchParams): boolean {
  return [...query].some(([name, value]) => value !== '' && name !== 'sort');
}

const stateText = (state: string): string => (state === 'leased' ? 'sending' : state);

function select<T extends string>(
  query: URLSearchParams,
  {
    name,
    label,
    options,
    text,
  }: {
    readonly name: string;
    readonly label: string;
    readonly options: readonly T[];
    readonly text: (option: T) => string;
  },
): Html {
  const chosen = field(query, name);
  const all = options.map(
    (option) =>
      html`<option value="${option}"${option === chosen ? html` selected` : null}>${text(option)}</option>`,
  );
  const any = name === 'sort' ? null : html`<option value="">any</option>`;
  return html`<label>${label} <select name="${name}">${any}${all}</select></label>`;
}

export function input(
  query: URLSearchParams,
  name: string,
  label: string,
  placeholder: string,
): Html {
  const value = field(query, name) ?? '';
  return html`<label>${label}
<input name="${name}" value="${value}" placeholder="${placeholder}" maxlength="320"></label>`;
}

function table(view: QueueView): Html {
  const { page, mayAct } = view;
  return html`<table class="cards queue"><caption class="vh">Messages in the queue</caption>
<thead><tr><th scope="col">Message</th><th scope="col">State</th><th scope="col">Account</th>
<th scope="col">Sender</th><th scope="col">Recipients</th><th scope="col" class="num">Age</th>
<th scope="col" class="num">Size</th><th scope="col">Next try</th><th scope="col">Last reply or reason</th>
${mayAct ? html`<th scope="col"><span class="vh">Actions</span></th>` : null}</tr></thead>
<tbody>${page.rows.map((row) => messageRow(row, view))}</tbody></table>`;
}

function messageRow({ message, recipients }: QueueRow, { status, mayAct }: QueueView): Html {
  const { id, envelope, acceptedAtMs, bytes } = message;
  const { nowMs } = status;
  const first = envelope.recipients[recipients[0]?.index ?? 0]?.forwardPath ?? '?';
  const states = [...new Set(recipients.map(({ state }) => state))];
  const lanes = [...new Set(recipients.map(({ lane }) => lane ?? 'none'))];
  const texts = [...new Set(recipients.flatMap(({ lastText }) => lastText ?? []))];
  return html`<tr data-key="${id}"><th scope="row"><a href="/message/${id}">${id}</a></th>
<td data-label="State">${states.map((state) => html`${recipientState(state)} `)}</td>
<td data-label="Account">${foreign(lanes.join(', '), 200)}</td>
<td data-label="Sender">${address(envelope.reversePath)}</td>
<td data-label="Recipients">${address(first)}${more(recipients.length)}</td>
<td data-label="Age" class="num">${formatAge(nowMs - acceptedAtMs)}</td>
<td data-label="Size" class="num">${formatSize(bytes)}</td>
<td data-label="Next try">${nextTry(recipients, status)}</td>
<td data-label="Last reply">${texts[0] === undefined ? '–' : foreign(texts[0])}${more(texts.length)}</td>
${mayAct ? html`<td data-label="Actions" class="acts">${messageButtons({ message, recipients })}</td>` : null}</tr>`;
}

const more = (all: number): Html | null =>
  all > 1 ? html` <small>and ${number(all - 1)} more</small>` : null;

/** What can be done with a message now. */
export function messageButtons({ message, recipients }: QueueRow): Html[] {
  const target = { message: message.id };
  const some = (...states: readonly string[]): boolean =>
    recipients.some(({ state }) => states.includes(state));
  return [
    ...(some('waiting', 'in-doubt') ? [button('flush', target), button('hold', target)] : []),
    ...(some('held', 'quarantined') ? [button('release', target)] : []),
  ];
}

/** The way back is the browser's own: pages are found by what came before them. */
function pager(query: URLSearchParams, { next }: QueuePage): Html | null {
  const first = new URLSearchParams(query);
  first.delete('after');
  const onward = new URLSearchParams(first);
  if (next !== null) onward.set('after', next);
  if (next === null && !query.has('after')) return null;
  return html`<nav class="pager" aria-label="Pages of the queue">
${query.has('after') ? html`<a rel="first" href="/queue?${first.toString()}">First page</a>` : null}
${next === null ? null : html`<a rel="next" href="/queue?${onward.toString()}">Next page</a>`}</nav>`;
}
