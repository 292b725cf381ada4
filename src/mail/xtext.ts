/*
 * RFC 3461 section 4: xtext carries any octets in printable ASCII, `+XX` (upper case) for those
 * that have no place of their own.
 */

/** Whether the text is xtext and stands for printable ASCII only, as ENVID and ORCPT ask. */
export function isPrintableXtext(text: string): boolean {
  return XTEXT.test(text) && !/\+(?:[01][0-9A-F]|7F|[89A-F][0-9A-F])/.test(text);
}

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** Null when the text is not xtext. */
export function decodeXtext(text: string): string | null {
  if (!XTEXT.test(text)) return null;
  const bytes = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
