/**
 * queue.db, third schema: what accounts have sent, for the limits of their providers. One small
 * row per account, whatever the limits: a window is at most some 200 buckets.
 */
export const sql = `
-- pending: transactions that ran when the row was written. windows is JSON: {recipients: of those
-- transactions, windows: [[windowMs, counts, [endMs, units, endMs, units, ...]], ...]}, on the
-- monotonic clock of the boot; once a list of [windowMs, [endMs, units, ...]].
CREATE TABLE quotas (
  account TEXT PRIMARY KEY,
  boot TEXT NOT NULL,
  monotonic_at INTEGER NOT NULL,
  wall_at INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  windows TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
