/** roff: backslashes are commands, so are dots and quotes at the start of a line; a bare hyphen may be broken. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
