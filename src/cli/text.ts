/**
 * Text from messages and upstreams, made safe for a terminal: control characters (escape sequences
 * begin with one) and the marks that reorder text are written as `\x1b` or `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** The same for text of many lines: line ends and tabs are kept, CR LF becomes LF. */
export function printableText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .split(/([\n\t])/)
    .map((piece) => (piece === '\n' || piece === '\t' ? piece : printable(piece)))
    .join('');
}

/** C0, DEL, C1, line separators, bidirectional embeddings, overrides, isolates and marks. */
const UNSAFE =
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/**
 * One line of JSON that is safe to print: JSON itself leaves DEL, C1 and the reordering marks as
 * they are.
 */
export function jsonLine(value: unknown): string {
  return `${jsonText(value)}\n`;
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE,
    (character) => `\\u${hex(character.charCodeAt(0), 4)}`,
  );
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
