export interface LogicalLine {
  readonly text: string;
  /** Where it begins; lines count from 1. */
  readonly line: number;
}

/**
 * Lines of Postfix's files and of Exim's maps: one that begins with white space goes on where the
 * one before ended; comments lie between.
 */
export function logicalLines(text: string): LogicalLine[] {
  const lines: { text: string; line: number }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(raw)) continue;
    const last = lines.at(-1);
    if (/^\s/.test(raw) && last !== undefined) last.text += ` ${raw.trim()}`;
    else lines.push({ text: raw.trim(), line: index + 1 });
  }
  return lines;
}
