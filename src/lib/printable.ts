/**
 * Characters that a terminal obeys or hides: C0, DEL and C1 controls, the line separators, what has
 * no width, and the marks that turn the reading direction.
 */
export const UNPRINTABLE =
  /[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The same but C0: JSON has escaped that itself, and leaves the others as they are. */
const UNPRINTABLE_IN_JSON =
  /[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** As JSON and JavaScript write a character: `\u202e`. */
export function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Text from messages and upstreams, made safe to show: controls (escape sequences begin with one)
 * and the marks that reorder text are written as `\x1b` or `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicodeEscape(character);
  });
}

/** The same inside a text of JSON. */
export function printableJson(text: string): string {
  return text.replace(UNPRINTABLE_IN_JSON, unicodeEscape);
}

/** At most so many characters, and how many more there were. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const kept = text.slice(0, charactersMax).toWellFormed();
  return `${kept}… (${text.length - charactersMax} characters more)`;
}
