import { displayWidth, shorten } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut down to this width when the terminal is narrow. */
  readonly shrinkTo?: number;
}

const gap = '  ';

/** A terminal at least this wide gets everything on one line. */
export const wideColumns = 140;

/**
 * Aligned columns under a line of titles, ending in a newline. Cells must already be printable. A
 * table wider than `columns` has its shrinkable columns cut, the widest first.
 */
export function table(
  head: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const titles = head.map(({ title }) => title);
  const widths = fittedWidths(head, [titles, ...rows], columns);
  const line = (cells: readonly string[]): string =>
    head
      .map((column, index) => pad(cells[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join(gap)
      .trimEnd();
  return `${[titles, ...rows].map(line).join('\n')}\n`;
}

/**
 * A table for narrow terminals: below each line the given others, indented; empty ones are left
 * out.
 */
export function stackedTable(
  head: readonly Column[],
  rows: readonly { readonly cells: readonly string[]; readonly below: readonly string[] }[],
  columns: number,
): string {
  const lines = table(
    head,
    rows.map(({ cells }) => cells),
    columns,
  ).split('\n');
  const below = rows.map((row) =>
    row.below.filter((text) => text !== '').map((text) => shorten(`  ${text}`, columns)),
  );
  return `${lines
    .slice(0, -1)
    .flatMap((line, index) => [line, ...(below[index - 1] ?? [])])
    .join('\n')}\n`;
}

function fittedWidths(
  head: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number,
): number[] {
  const widths = head.map((_, index) =>
    Math.max(...rows.map((cells) => displayWidth(cells[index] ?? ''))),
  );
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (head.length - 1)) - columns;
  while (excess > 0) {
    const room = head.map(({ shrinkTo }, index) => (widths[index] ?? 0) - (shrinkTo ?? Infinity));
    const widest = room.indexOf(Math.max(...room));
    if ((room[widest] ?? 0) <= 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const text = shorten(cell, width);
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** `Name:  value` lines with the values aligned; pairs without a value are left out. */
export function facts(pairs: readonly (readonly [string, string | null])[]): string {
  const shown = pairs.filter((pair) => pair[1] !== null);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}\n`).join('');
}
