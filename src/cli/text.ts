import { printable, printableJson } from '../lib/printable.ts';

/** The same for text of many lines: line ends and tabs are kept, CR LF becomes LF. */
export function printableText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/([\n\t])/)
    .map((piece) => (piece === '\n' || piece === '\t' ? piece : printable(piece)))
    .join('');
}

/**
 * One line of JSON that is safe to print: JSON itself leaves DEL, C1 and the reordering marks as
 * they are.
 */
export function jsonLine(value: unknown): string {
  return `${jsonText(value)}\n`;
}

export function jsonText(value: unknown): string {
  return printableJson(JSON.stringify(value));
}

/** Columns a text takes on a terminal: wide characters two, combining ones none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const WIDE_SCRIPTS = ['Han', 'Hangul', 'Hiragana', 'Katakana']
  .map((script) => `\\p{Script=${script}}`)
  .join('|');
const WIDE = new RegExp(`^(?:${WIDE_SCRIPTS}|\\p{Emoji_Presentation}|[\uff01-\uff60])$`, 'u');

/** Cuts at the end, with an ellipsis, so that the text takes at most `columns`. */
export function shorten(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** `1 message`, `3 messages` */
export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : nouns}`;
}
