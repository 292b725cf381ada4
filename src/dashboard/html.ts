import { printable } from '../lib/printable.ts';

const markup: unique symbol = Symbol('markup');

/** Text that is HTML already. Only `html` makes it, so that nothing gets into a page unescaped. */
export interface Html {
  readonly [markup]: string;
}

export type Piece = Html | string | number | null | readonly Piece[];

/**
 * HTML with its values escaped, for content and for attributes in double quotes, and with their
 * control characters and reordering marks made visible; null is nothing.
 */
export function html(texts: TemplateStringsArray, ...values: readonly Piece[]): Html {
  const parts = texts.map((text, at) => (at === 0 ? text : written(values[at - 1] ?? null) + text));
  return { [markup]: parts.join('') };
}

/** The text to send. */
export function render(page: Html): string {
  return page[markup];
}

function written(value: Piece): string {
  if (value === null) return '';
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return isHtml(value) ? value[markup] : value.map(written).join('');
}

const isHtml = (value: Html | readonly Piece[]): value is Html => markup in value;

function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Longest text of a stranger that is shown; a reply may have 10 KiB. */
const foreignCharactersMax = 500;

/**
 * Text that a message, a client or an upstream brought: neither its length nor its direction breaks
 * what stands around it.
 */
export function foreign(text: string, charactersMax: number = foreignCharactersMax): Html {
  const cut = text.length > charactersMax;
  const shown = cut ? text.slice(0, charactersMax).toWellFormed() : text;
  return html`<bdi class="mail">${shown}${cut ? '…' : null}</bdi>`;
}

/** Words of ours for people, with commands in backticks. */
export function hint(text: string): Html {
  const parts = text
    .split('`')
    .map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`));
  return html`<span class="hint">${parts}</span>`;
}

/** A reverse-path or forward-path; the null one as `<>`. */
export function address(path: string): Html {
  return path === '' ? html`&lt;&gt;` : foreign(path, 320);
}
