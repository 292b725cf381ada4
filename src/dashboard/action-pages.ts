import type { ProbeReport } from '../relay/probe-report.ts';
import { VERBS, type Verb } from './buttons.ts';
import { foreign, type Html, hint, html } from './html.ts';
import { csrfField } from './layout.ts';
import { took } from './words.ts';

/** What a login to an upstream came to, step by step. */
export function probeMain({ account, ok, peer, steps, hint: advice, tls }: ProbeReport): Html {
  const items = steps.map(
    ({ phase, ok: fine, detail, tookMs }) => html`<li class="${fine ? 'ok' : 'bad'}"><b>${phase}</b>
${foreign(detail)} <small>${took(tookMs)}${fine ? '' : ', failed'}</small></li>
`,
  );
  return html`<section aria-labelledby="test-h">
<h1 id="test-h">Account ${account}: ${ok ? 'the login works' : 'the login fails'}</h1>
<p>${foreign(peer)}${tls === null ? null : html`, ${foreign(tls.protocol)}`}</p>
<ol class="steps">${items}</ol>${advice === null ? null : html`<p>${hint(advice)}</p>`}
<p><a href="/">Back to the overview</a></p></section>`;
}

const CONSEQUENCES: Partial<Readonly<Record<Verb, string>>> = {
  bounce: 'It is given up, and its sender is told so with the reason.',
  remove: 'It is deleted from the queue, and nobody is told.',
};

/** Asks once more before mail is given up. */
export function confirmMain(
  verb: Verb,
  { message, csrf }: { readonly message: string; readonly csrf: string },
): Html {
  const reason = html`<label>Reason <input name="reason" required maxlength="200"
value="given up by the operator"></label>`;
  return html`<section aria-labelledby="confirm-h">
<h1 id="confirm-h">${VERBS[verb]} message ${message}?</h1><p>${CONSEQUENCES[verb] ?? null}</p>
<form class="confirm" method="post" action="/act/${verb}">${csrfField(csrf)}
<input type="hidden" name="message" value="${message}"><input type="hidden" name="sure" value="yes">
${verb === 'bounce' ? reason : null}
<button type="submit" class="act danger">${VERBS[verb]}</button> <a href="/message/${message}">Leave it</a>
</form></section>`;
}

/** Why there is no page. */
export function faultMain(title: string, text: string): Html {
  return html`<section aria-labelledby="fault-h"><h1 id="fault-h">${title}</h1>
<p>${foreign(text)}</p><p><a href="/">Back to the overview</a></p></section>`;
}
