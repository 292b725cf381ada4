/**
 * Text from messages and upstreams, made safe to show: control characters (escape sequences begin
 * with one) and the marks that reorder text are written as `\x1b` or `\u202e`.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** The same inside a text of JSON, where both are written alike. */
export function printableJson(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${hex(character.charCodeAt(0), 4)}`);
}

/** C0, DEL, C1, line separators, bidirectional embeddings, overrides, isolates and marks. */
const UNSAFE =
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
