/**
 * What is kept by account, as far as its rows can be read: each reader says what follows from a row
 * that is left out.
 */
export function byAccount<Row extends { readonly account: string }, Kept>(
  rows: readonly Row[],
  decode: (row: Row) => Kept | null,
): ReadonlyMap<string, Kept> {
  const kept = new Map<string, Kept>();
  for (const row of rows) {
    const decoded = decode(row);
    if (decoded !== null) kept.set(row.account, decoded);
  }
  return kept;
}
