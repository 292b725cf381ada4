import type { MessageReport, StatusReport } from '../control/reports.ts';
import { formatSize } from '../lib/size.ts';
import { type Happened, timeline } from '../policy/timeline.ts';
import type { Message } from '../relay/message.ts';
import type { KeptDialogue, QueueRow } from '../relay/queue.ts';
import { button } from './buttons.ts';
import { address, foreign, type Html, html } from './html.ts';
import { messageButtons } from './queue-page.ts';
import { nextTry, recipientState } from './recipient-words.ts';
import { ago, instant, type Tone, until } from './words.ts';

export interface MessageView {
  readonly report: MessageReport;
  readonly status: StatusReport;
  readonly mayAct: boolean;
}

/** A message may have thousands of recipients, each with its own story. */
const recipientsShownMax = 200;
const happenedShownMax = 1_000;

/** One message: what it is, where it stands, and everything that happened to it. */
export function messageMain({ report, status, mayAct }: MessageView): Html {
  const { queued, history, standIns } = report;
  const message = queued?.message ?? history?.message;
  if (message === undefined) return html`<p class="empty">Nothing is known of it.</p>`;
  const acts = mayAct && queued !== null;
  return html`<section aria-labelledby="message-h"><h1 id="message-h">Message ${message.id}</h1>
${facts(message, queued !== null, status.nowMs)}
${acts ? html`<p class="acts">${[...messageButtons(queued), ...endings(queued)]}</p>` : null}
${standIns.map(
  ({ account, insteadOf }) =>
    html`<p class="hint">Account ${account} stands in for ${insteadOf}, which does not work now.</p>`,
)}</section>
${queued === null ? null : waiting(queued, status)}
${story(timeline({ queued, history }))}
${history?.dialogues === undefined ? null : dialogues(history.dialogues)}`;
}

function endings({ message }: QueueRow): Html[] {
  return [button('bounce', { message: message.id }), button('remove', { message: message.id })];
}

function facts(message: Message, queued: boolean, nowMs: number): Html {
  const { envelope, acceptedAtMs, expiresAtMs } = message;
  const rows: readonly (readonly [string, Html | string | null])[] = [
    ['Accepted', html`${instant(acceptedAtMs)} <small>${ago(acceptedAtMs, nowMs)}</small>`],
    ['Expires', queued ? until(expiresAtMs, nowMs) : null],
    [
      'Client',
      html`<a href="/search?client=${encodeURIComponent(message.client)}">${foreign(message.client)}</a>`,
    ],
    ['Sender', address(envelope.reversePath)],
    ['From', message.from === null ? null : foreign(message.from)],
    ['Message-ID', message.messageIdField === null ? null : foreign(message.messageIdField)],
    ['Recipients', String(envelope.recipients.length)],
    ['Size', formatSize(message.bytes)],
  ];
  const cells = rows.flatMap(([title, value]) =>
    value === null ? [] : [html`<div><dt>${title}</dt><dd>${value}</dd></div>`],
  );
  return html`<dl class="facts">${cells}</dl>`;
}

function waiting({ message, recipients }: QueueRow, status: StatusReport): Html {
  const rows = recipients.slice(0, recipientsShownMax).map((one) => {
    const { index, state, lane, attempts, lastText } = one;
    const path = message.envelope.recipients[index]?.forwardPath ?? '?';
    return html`<tr data-key="recipient-${index}"><th scope="row">${address(path)}</th>
<td data-label="State">${recipientState(state)}</td>
<td data-label="Account">${lane === null ? 'none' : foreign(lane)}</td>
<td data-label="Attempts" class="num">${attempts}</td>
<td data-label="Next try">${nextTry([one], status)}</td>
<td data-label="Last reply">${lastText === null ? '–' : foreign(lastText)}</td></tr>`;
  });
  const rest = recipients.length - rows.length;
  return html`<section aria-labelledby="waiting-h"><h2 id="waiting-h">In the queue</h2>
<table class="cards"><caption class="vh">Recipients that wait</caption>
<thead><tr><th scope="col">Recipient</th><th scope="col">State</th><th scope="col">Account</th>
<th scope="col" class="num">Attempts</th><th scope="col">Next try</th>
<th scope="col">Last reply or reason</th></tr></thead>
<tbody>${rows}</tbody></table>${rest > 0 ? html`<p class="muted">and ${rest} more</p>` : null}</section>`;
}

const TONES: Readonly<Record<string, Tone>> = {
  delivered: 'ok',
  completed: 'ok',
  deferred: 'warn',
  'in-doubt': 'warn',
  held: 'warn',
  bounced: 'bad',
};

function story(all: readonly Happened[]): Html {
  const items = all.slice(0, happenedShownMax).map(happenedItem);
  const rest = all.length - items.length;
  return html`<section aria-labelledby="story-h"><h2 id="story-h">What happened</h2>
<ol class="timeline">${items}</ol>${rest > 0 ? html`<p class="muted">and ${rest} more</p>` : null}</section>`;
}

function happenedItem({ atMs, what, recipient, account, text, providerId }: Happened): Html {
  return html`<li class="${TONES[what] ?? 'off'}">${instant(atMs)} <b>${what}</b>
${recipient === null ? null : address(recipient)}
${account === null ? null : html`<span class="muted">by ${foreign(account)}</span>`}
${text === '' ? null : foreign(text)}
${providerId === undefined ? null : html`<small>provider's id ${foreign(providerId)}</small>`}</li>
`;
}

function dialogues(all: readonly KeptDialogue[]): Html {
  const items = all.map(
    ({
      account,
      startedAtMs,
      lines,
    }) => html`<details><summary>${foreign(account)}, ${instant(startedAtMs)}</summary>
<pre class="dialogue">${lines.map((line) => html`${foreign(line)}\n`)}</pre></details>
`,
  );
  return html`<section aria-labelledby="dialogues-h"><h2 id="dialogues-h">Dialogues of failed attempts</h2>
${items}</section>`;
}
