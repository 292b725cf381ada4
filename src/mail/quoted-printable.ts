/** RFC 2045 section 6.7, rule 5: encoded lines have at most 76 characters. */
const lineMax = 76;

/**
 * RFC 2045 section 6.7 for text whose lines end in CRLF. The result is ASCII with lines of at most
 * 76 characters.
 */
export function quotedPrintable(text: Buffer): string {
  return text
    .toString('latin1')
    .split('\r\n')
    .map((line) => softWrapped(encodedOctets(line)))
    .join('\r\n');
}

/** Rules 1 to 3: what is not printable, `=`, and white space at the end of a line. */
function encodedOctets(line: string): string[] {
  return Array.from(line, (octet, index) => {
    const isLast = index === line.length - 1;
    const literal = /[ -<>-~\t]/.test(octet) && !(isLast && /[ \t]/.test(octet));
    if (literal) return octet;
    return `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function softWrapped(octets: readonly string[]): string {
  let text = '';
  let column = 0;
  octets.forEach((octet, index) => {
    const room = index === octets.length - 1 ? lineMax : lineMax - 1;
    if (column + octet.length > room) {
      text += '=\r\n';
      column = 0;
    }
    text += octet;
    column += octet.length;
  });
  return text;
}
