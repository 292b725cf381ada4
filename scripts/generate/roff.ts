/** roff: backslashes are commands, so are dots and quotes at the start of a line; a bare hyphen may be broken. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}

/** A section of terms and what they mean. */
export function terms(title: string, entries: readonly (readonly [string, string])[]): string[] {
  const lines = entries.flatMap(([term, text]) => ['.TP', `.B ${roff(term)}`, roff(text)]);
  return [`.SH ${title}`, ...lines];
}
