/**
 * queue.db, third schema: what accounts have sent, for the limits of their providers. One small
 * row per account, whatever the limits: a window is at most 102 buckets.
 */
export const sql = `
-- windows is JSON: per window [windowMs, [endMs, units, endMs, units, ...]], on the monotonic clock
-- of the boot. pending: reserved for transactions that ran when the row was written.
CREATE TABLE quotas (
  account TEXT PRIMARY KEY,
  boot TEXT NOT NULL,
  monotonic_at INTEGER NOT NULL,
  wall_at INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  windows TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
