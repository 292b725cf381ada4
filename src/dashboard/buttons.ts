import { type Html, html } from './html.ts';

/** What the dashboard can do, and the words on its buttons. */
export const VERBS = {
  flush: 'Try now',
  hold: 'Hold',
  release: 'Release',
  resume: 'Resume',
  test: 'Test',
  bounce: 'Bounce',
  remove: 'Remove',
  'resume-relay': 'Resume delivery',
} as const;
export type Verb = keyof typeof VERBS;

/** What it is done to; null: everything. */
export type Target = { readonly account: string } | { readonly message: string } | null;

/** The form that all buttons of a page submit, with the proof that this very page was asked for. */
export const actForm = 'act';

/**
 * A button anywhere in the page; what is the same for everybody may hold it, because what is not
 * stands in the form.
 */
export function button(verb: Verb, target: Target, label: string = VERBS[verb]): Html {
  const [name, value] = Object.entries(target ?? { all: 'yes' })[0] ?? ['all', 'yes'];
  const drastic = verb === 'bounce' || verb === 'remove';
  const about = target === null ? null : html` <span class="vh">${value}</span>`;
  return html`<button type="submit" class="${drastic ? 'act danger' : 'act'}" form="${actForm}"
formaction="/act/${verb}" name="${name}" value="${value}">${label}${about}</button>`;
}
