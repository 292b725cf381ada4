import { clientsFragment } from './clients-fragment.ts';
import { credentialsFragment } from './credentials-fragment.ts';
import { failuresFragment } from './failures-fragment.ts';
import { type Html, html } from './html.ts';
import { lanesFragment } from './lanes-fragment.ts';
import type { Minute } from './series.ts';
import type { Snapshot } from './snapshot.ts';
import { statusFragment } from './status-fragment.ts';
import { number, took } from './words.ts';

/** The parts of the overview that are sent anew while somebody looks at it. */
export const FRAGMENTS = {
  status: statusFragment,
  lanes: lanesFragment,
  failures: failuresFragment,
  credentials: credentialsFragment,
  clients: clientsFragment,
} as const satisfies Readonly<Record<string, (snapshot: Snapshot) => Html>>;
export type FragmentName = keyof typeof FRAGMENTS;

const TITLES: readonly (readonly [Exclude<FragmentName, 'status'>, string])[] = [
  ['lanes', 'Lanes'],
  ['failures', 'Failures'],
  ['credentials', 'Certificates and credentials'],
  ['clients', 'Clients'],
];

const PLOTS: readonly (readonly [string, string, string])[] = [
  ['throughput', 'Throughput', 'a minute'],
  ['delay', 'Delay', 'from acceptance to delivery'],
  ['waiting', 'Waiting', 'recipients'],
];

export function overviewMain(snapshot: Snapshot, minutes: readonly Minute[]): Html {
  const [lanes, ...others] = TITLES.map(([name, title]) => section(name, title, snapshot));
  return html`<h1 class="vh">Overview</h1>
<section id="status" aria-label="Status"><div data-live="status">${statusFragment(snapshot)}</div></section>
${lanes ?? null}
${plots(minutes)}
${others}`;
}

function section(name: FragmentName, title: string, snapshot: Snapshot): Html {
  return html`<section id="${name}" aria-labelledby="${name}-h"><h2 id="${name}-h">${title}</h2>
<div data-live="${name}">${FRAGMENTS[name](snapshot)}</div></section>
`;
}

function plots(minutes: readonly Minute[]): Html {
  const figures = PLOTS.map(
    ([name, title, unit]) => html`<figure class="plot" data-plot="${name}">
<figcaption><h2>${title} <small>${unit}</small></h2></figcaption><div class="canvas"></div></figure>
`,
  );
  return html`<section id="plots" aria-label="The last hour or day">
<div class="ranges" hidden role="group" aria-label="Span of time">
<button type="button" data-range="hour" aria-pressed="true">1 hour</button>
<button type="button" data-range="day" aria-pressed="false">24 hours</button></div>
${figures}<noscript>${lastHour(minutes)}</noscript></section>`;
}

/** The plots in words: six rows of ten minutes. */
function lastHour(minutes: readonly Minute[]): Html {
  const rows: Html[] = [];
  for (let end = minutes.length; end > 0 && rows.length < 6; end -= 10) {
    const part = minutes.slice(Math.max(0, end - 10), end);
    const sum = (at: 1 | 2 | 3 | 4) => number(part.reduce((all, one) => all + one[at], 0));
    const last = part.at(-1);
    const from = new Date((part[0]?.[0] ?? 0) * 1000).toISOString().slice(11, 16);
    const delays = part.flatMap((one) => one[7] ?? []);
    const longest = delays.length === 0 ? '–' : took(Math.max(...delays));
    rows.push(html`<tr><th scope="row">from ${from} UTC</th><td class="num">${sum(1)}</td>
<td class="num">${sum(2)}</td><td class="num">${sum(3)}</td><td class="num">${sum(4)}</td>
<td class="num">${last?.[5] ?? '–'}</td><td class="num">${longest}</td></tr>`);
  }
  return html`<table class="series"><caption>The last hour</caption><thead><tr>
<th scope="col">Time</th><th scope="col" class="num">Accepted</th><th scope="col" class="num">Delivered</th>
<th scope="col" class="num">Deferred</th><th scope="col" class="num">Bounced</th>
<th scope="col" class="num">Waiting</th><th scope="col" class="num">Delay, p99</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}
