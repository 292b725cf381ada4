import type { Asker } from '../control/answer.ts';
import type { LogEntry, LogPage, LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import { address, foreign, type Html, html } from './html.ts';
import { field } from './queries.ts';
import { input } from './queue-page.ts';
import { recipientState } from './recipient-words.ts';
import { ago, number, state, type Tone } from './words.ts';

const pageMessages = 50;

/** Everything that any of the queries finds, newest first; no message twice. */
export async function searchAll(
  ask: Asker,
  queries: readonly LogQuery[],
  before: MessageId | null,
): Promise<LogPage> {
  const limit = pageMessages;
  const pages: LogPage[] = await Promise.all(
    queries.map((query) => ask('log.search', { query, before, limit })),
  );
  // Behind the point where one page ends, it may have more than the others.
  const ends = pages.flatMap(({ next }) => next ?? []).toSorted();
  const end = ends.at(-1) ?? null;
  const found = new Map<MessageId, LogEntry>();
  for (const entry of pages.flatMap(({ entries }) => entries)) {
    const id = idOf(entry);
    if (id !== null && (end === null || id >= end)) found.set(id, entry);
  }
  const sorted = [...found].toSorted(([a], [b]) => (a < b ? 1 : -1));
  const entries = sorted.slice(0, limit);
  const cut = sorted.length > limit;
  return {
    entries: entries.map(([, entry]) => entry),
    next: cut ? (entries.at(-1)?.[0] ?? null) : end,
    unindexed: Math.max(0, ...pages.map(({ unindexed }) => unindexed)),
  };
}

const idOf = ({ queued, history }: LogEntry): MessageId | null =>
  queued?.message.id ?? history?.message.id ?? null;

export interface SearchView {
  readonly query: URLSearchParams;
  /** Null: nothing was asked for yet. */
  readonly found: LogPage | null;
  readonly nowMs: number;
}

/** What became of mail: the queue and the history, as far back as queue.history reaches. */
export function searchMain({ query, found, nowMs }: SearchView): Html {
  return html`<section aria-labelledby="search-h"><h1 id="search-h">History</h1>
<form class="filters" method="get" action="/search" role="search" aria-label="Search the history">
${input(query, 'q', 'Search', 'id, address, @domain or Message-ID')}
${input(query, 'account', 'Account', 'name')}
${input(query, 'client', 'Client', 'name')}
${input(query, 'since', 'Accepted within', '2d')}
<button type="submit">Search</button></form>
${found === null ? invitation : results(found, nowMs)}
${found === null ? null : pager(query, found)}</section>`;
}

const invitation = html`<p class="empty">Search for a message by whom it was from or to, or by an id.</p>`;

function results({ entries, unindexed, next }: LogPage, nowMs: number): Html {
  const missing =
    unindexed === 0
      ? null
      : html`<p class="muted">${number(unindexed)} older messages are not indexed yet: ask again later.</p>`;
  if (entries.length === 0) {
    const text =
      next === null ? 'Nothing was found.' : 'Nothing yet; the search goes on with the next page.';
    return html`<p class="empty">${text}</p>${missing}`;
  }
  return html`<table class="cards"><caption class="vh">Messages found, newest first</caption>
<thead><tr><th scope="col">Message</th><th scope="col">Accepted</th><th scope="col">Client</th>
<th scope="col">Sender</th><th scope="col">Recipients</th><th scope="col">State</th>
<th scope="col">Last reply or reason</th></tr></thead>
<tbody>${entries.map((entry) => entryRow(entry, nowMs))}</tbody></table>${missing}`;
}

function entryRow(entry: LogEntry, nowMs: number): Html | null {
  const message = entry.queued?.message ?? entry.history?.message;
  if (message === undefined) return null;
  const { id, client, envelope, acceptedAtMs } = message;
  const paths = envelope.recipients.map(({ forwardPath }) => forwardPath);
  return html`<tr data-key="${id}"><th scope="row"><a href="/message/${id}">${id}</a></th>
<td data-label="Accepted">${ago(acceptedAtMs, nowMs)}</td>
<td data-label="Client">${foreign(client)}</td>
<td data-label="Sender">${address(envelope.reversePath)}</td>
<td data-label="Recipients">${address(paths[0] ?? '?')}
${paths.length > 1 ? html`<small>and ${number(paths.length - 1)} more</small>` : null}</td>
<td data-label="State">${standing(entry)}</td>
<td data-label="Last reply">${lastText(entry)}</td></tr>`;
}

const TONES: Readonly<Record<string, Tone>> = { delivered: 'ok', bounced: 'bad' };

function standing({ queued, history }: LogEntry): Html[] {
  const waits = new Set(queued?.recipients.map((recipient) => recipient.state));
  const ended = new Set(history?.recipients.map(({ outcome }) => outcome));
  return [
    ...[...waits].map((is) => html`${recipientState(is)} `),
    ...[...ended].map((outcome) => html`${state(TONES[outcome] ?? 'off', outcome)} `),
  ];
}

function lastText({ queued, history }: LogEntry): Html | string {
  const waits = queued?.recipients.find(({ lastText: text }) => text !== null)?.lastText;
  const text = waits ?? history?.recipients.at(-1)?.text;
  return text === undefined || text === '' ? '–' : foreign(text);
}

function pager(query: URLSearchParams, { next }: LogPage): Html | null {
  const first = new URLSearchParams(query);
  first.delete('before');
  const onward = new URLSearchParams(first);
  if (next !== null) onward.set('before', next);
  if (next === null && field(query, 'before') === null) return null;
  return html`<nav class="pager" aria-label="Pages of the history">
${query.has('before') ? html`<a rel="first" href="/search?${first.toString()}">Newest</a>` : null}
${next === null ? null : html`<a rel="next" href="/search?${onward.toString()}">Older</a>`}</nav>`;
}
